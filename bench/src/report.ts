// docs/performance.md and its charts, from the kept results. What stands outside of the markers is written by hand.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { charts } from './charts.ts';
import { type Faults, faultsTable } from './faults.ts';
import { kept } from './keep.ts';
import type { Machine } from './machine.ts';
import { type MemoryResults, memoryTable } from './memory.ts';
import { type Neighbours, neighboursTable } from './neighbours.ts';
import { root } from './paths.ts';
import { type Results, rounds } from './results.ts';
import { type Saves, savesTable } from './saves.ts';
import type { Soak } from './soak.ts';
import { soakTable } from './soak-verdict.ts';
import { type Start, startTable } from './start.ts';
import { tables } from './tables.ts';
import { type Tail, tailTable } from './tail.ts';
import { targetsTable } from './targets.ts';
import { markdown } from './words.ts';

const page: string = join(root, 'docs/performance.md');
const pictures: string = join(root, 'docs/performance');

function where({ date, processor, virtual, cores, memoryGiB, kernel, system, commit }: Machine): string {
  const kind = virtual ? ', a virtual machine' : '';
  return `${date}, commit ${commit}: ${processor}, ${cores} cores, ${memoryGiB} GiB${kind}; ${system}, Linux ${kernel}.`;
}

function servers({ servers: all }: Results): string {
  const rows = all.map(({ title, note, version }) => `| ${title} | ${version} | ${note} |`);
  return ['| server | version | |', '| --- | --- | --- |', ...rows].join('\n');
}

/** What a run of rounds is told with, beside its charts. */
function head(results: Results): string[] {
  const { seconds, wrk, machine } = results;
  const medians = `Medians of ${rounds(results)} rounds of ${seconds} s a cell, wrk ${wrk}; in brackets the quartiles.`;
  return [where(machine), medians];
}

function proxies(results: Results): string {
  return [...head(results), servers(results), ...tables(results).map(markdown)].join('\n\n');
}

function peers(results: Results): string {
  const figures = charts(results);
  mkdirSync(pictures, { recursive: true });
  for (const [name, text] of Object.entries(figures)) writeFileSync(join(pictures, name), text);
  return [
    ...head(results),
    Object.keys(figures)
      .map((name) => `![${name.replace('.svg', '')}](performance/${name})`)
      .join('\n'),
    servers(results),
    ...[targetsTable(results), ...tables(results)].map(markdown),
  ].join('\n\n');
}

function section<T extends { machine: Machine }>(name: string, write: (results: T) => string): string {
  const results = kept<T>(name);
  return results
    ? `${where(results.machine)}\n\n${write(results)}`
    : `Not measured yet: \`npm run bench -- ${name} --save\`.`;
}

/** Puts the text between `<!-- name -->` and `<!-- end -->`. */
export function between(whole: string, name: string, text: string): string {
  const start = whole.indexOf(`<!-- ${name} -->`);
  const end = whole.indexOf('<!-- end -->', start);
  if (start < 0 || end < 0)
    throw new Error(`docs/performance.md has no <!-- ${name} --> or no <!-- end --> after it`);
  return `${whole.slice(0, start)}<!-- ${name} -->\n\n${text}\n\n${whole.slice(end)}`;
}

export async function report(): Promise<void> {
  const results = kept<Results>('latest');
  const proxied = kept<Results>('proxies');
  const parts: Record<string, string> = {
    peers: results ? peers(results) : 'Not measured yet: `npm run bench`.',
    proxies: proxied ? proxies(proxied) : 'Not measured yet: `npm run bench -- proxies`.',
    memory: section<MemoryResults>('memory', (it) => markdown(memoryTable(it))),
    neighbours: section<Neighbours>('neighbours', (it) => markdown(neighboursTable(it))),
    tail: section<Tail>('tail', (it) => markdown(tailTable(it))),
    faults: section<Faults>('faults', (it) => markdown(faultsTable(it))),
    start: section<Start>('start', (it) => markdown(startTable(it))),
    saves: section<Saves>('saves', (it) => markdown(savesTable(it))),
    soak: section<Soak>('soak', (it) => markdown(soakTable(it))),
  };
  let text = readFileSync(page, 'utf8');
  for (const [name, part] of Object.entries(parts)) text = between(text, name, part);
  writeFileSync(page, text);
  console.error(`written: ${page}`);
}
