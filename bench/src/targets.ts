// What FlexiLib is held to, and what a run says of it.
import { cpu, p99, rps } from './picks.ts';
import { type Pick, type Results, ratio, within } from './results.ts';
import type { Spread } from './stats.ts';
import { hundredths, type Table, times } from './words.ts';
import type { CellName } from './workloads.ts';

const INLINE = 'flexilib-inline';
const main: CellName = 'text@64';

interface Target {
  words: string;
  limit: number;
  atLeast?: true;
  measured(results: Results): Spread | undefined;
}

const against =
  (own: string, pick: Pick, peer: string) =>
  (results: Results): Spread | undefined =>
    ratio(results, own, pick, peer);

const cpuTarget = (limit: number, words: string, own: string, peer: string): Target => ({
  words: `CPU a request, ${words}`,
  limit,
  measured: against(own, cpu(main), peer),
});
const p99Target = (words: string, peer: string): Target => ({
  words: `p99, inline, to that of ${words}`,
  limit: 1.2,
  measured: against(INLINE, p99(main), peer),
});

const targets: Target[] = [
  cpuTarget(1.4, 'inline, to that of bare C', INLINE, 'bare-c'),
  cpuTarget(1.1, 'inline, to that of nginx + C module, log', INLINE, 'nginx-log'),
  cpuTarget(1.2, 'inline, to that of hyper', INLINE, 'hyper'),
  cpuTarget(0.6, 'inline, to that of Go + cgo', INLINE, 'go'),
  cpuTarget(0.25, 'inline, to that of node:http + koffi', INLINE, 'node-http'),
  cpuTarget(1.7, 'on the pool, to that of bare C', 'flexilib-pool', 'bare-c'),
  cpuTarget(1.1, 'inline, with the log to that with the log discarded', INLINE, 'flexilib-nolog'),
  p99Target('nginx + C module, log', 'nginx-log'),
  p99Target('nginx + C module', 'nginx'),
  {
    words: 'requests/s, inline, 16 pipelined to one at a time',
    limit: 3,
    atLeast: true,
    measured: (results) => within(results, INLINE, rps('pipelined@64'), rps(main)),
  },
];

/** Targets whose servers were not measured are left out. */
export function targetsTable(results: Results): Table {
  const rows = targets.flatMap(({ words, limit, atLeast, measured }) => {
    const figures = measured(results);
    if (!figures) return [];
    const met = atLeast ? figures.median >= limit : figures.median <= limit;
    return [
      [words, `${atLeast ? 'at least' : 'at most'} ${hundredths(limit)}`, times(figures), met ? 'yes' : 'no'],
    ];
  });
  return {
    title: 'What FlexiLib is held to: text of 12 bytes, 64 connections',
    head: ['FlexiLib’s', 'target', 'measured', 'met'],
    rows,
  };
}
