// From a save to the new answer: the templates under `flexilib dev`, and what of that time the compiler takes and the swap.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { text } from '../../e2e/support/client.ts';
import { type Dev, fromTemplate, startDev, stopDevs } from '../../e2e/support/dev.ts';
import { type Machine, machine } from './machine.ts';
import type { Options } from './options.ts';
import { spread } from './stats.ts';
import { median, type Table, times, whole } from './words.ts';

const SAVES = 20;
const LOOK_MS = 2;
/** An author thinks in between; what a save has begun has ended. */
const PAUSE_MS = 300;
const templates = [
  { title: 'C', name: 'c', file: 'src/main.c' },
  { title: 'Rust', name: 'rust', file: 'src/lib.rs' },
  { title: 'Zig', name: 'zig', file: 'src/root.zig' },
];

/** Milliseconds. compiler and swap are what the tool tells. */
interface Save {
  name: string;
  answer: number;
  compiler: number;
  swap: number;
}

export interface Saves {
  machine: Machine;
  saves: Save[];
}

const milliseconds = (number: string, unit: string) => Number(number) * (unit === 's' ? 1000 : 1);

async function told(dev: Dev, from: number): Promise<{ compiler: number; swap: number }> {
  for (;;) {
    const line = dev.lines().slice(from).join('\n');
    const match = /built in ([\d.]+) (ms|s), swapped in ([\d.]+) (ms|s)/.exec(line);
    if (match)
      return { compiler: milliseconds(match[1]!, match[2]!), swap: milliseconds(match[3]!, match[4]!) };
    await sleep(LOOK_MS);
  }
}

export async function runSaves({ rounds }: Options): Promise<Saves> {
  const saves: Save[] = [];
  for (const { title, name, file } of templates) {
    const folder = fromTemplate(name);
    const source = join(folder, file);
    const original = readFileSync(source, 'utf8');
    console.error(`${title}: the first build`);
    const dev = await startDev(folder);
    await text(dev.port, '/');
    for (let i = 1; i <= SAVES * rounds; i++) {
      const from = dev.lines().length;
      const begun = performance.now();
      writeFileSync(source, original.replace('Hello from', `Save ${i} from`));
      while (!(await text(dev.port, '/')).includes(`Save ${i} from`)) await sleep(LOOK_MS);
      const answer = performance.now() - begun;
      saves.push({ name, answer, ...(await told(dev, from)) });
      await sleep(PAUSE_MS);
    }
    await stopDevs();
    console.error(`${title}: ${SAVES * rounds} saves`);
  }
  return { machine: machine(), saves };
}

export function savesTable({ saves }: Saves): Table {
  const rows = templates.map(({ title, name }) => {
    const own = saves.filter((save) => save.name === name);
    const figure = (pick: (save: Save) => number) => median(spread(own.map(pick)), (ms) => `${whole(ms)} ms`);
    return [
      title,
      figure(({ answer }) => answer),
      figure(({ compiler }) => compiler),
      figure(({ swap }) => swap),
      times(spread(own.map(({ answer, compiler }) => answer / compiler))),
    ];
  });
  return {
    title: `from a save to the new answer, medians of ${saves.length / templates.length} saves`,
    head: ['template', 'answer', 'compiler', 'swap', 'answer to compiler'],
    rows,
  };
}
