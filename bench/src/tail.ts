// The tail while nobody is at a limit. With every client asking again at once the load generator is the fast servers' limit, and
// what waits for it counts for none of them. Here each client waits some milliseconds before it asks again.
import { type Machine, machine } from './machine.ts';
import { available } from './needs.ts';
import type { Options } from './options.ts';
import { baseline, peers } from './peers.ts';
import { startServer } from './server.ts';
import { shuffle, spread } from './stats.ts';
import { duration, median, type Table, times, whole } from './words.ts';
import { load } from './wrk.ts';

const CONNECTIONS = 64;
/** From one millisecond to this many, by chance. */
const PAUSE_MS = 3;
/** Of a second each, without pauses. */
const WARM_RUNS = 3;
const names = [baseline, 'flexilib-pool', 'bare-c', 'nginx-log', 'nginx'];

interface Sample {
  round: number;
  name: string;
  rps: number;
  /** Microseconds. */
  p50: number;
  p99: number;
}

export interface Tail {
  machine: Machine;
  seconds: number;
  servers: { name: string; title: string }[];
  samples: Sample[];
}

export async function runTail({ rounds, secs }: Options): Promise<Tail> {
  const ready = available(peers.filter(({ name }) => names.includes(name)));
  for (const peer of ready) await peer.build?.();
  const samples: Sample[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const peer of shuffle(ready)) {
      const server = await startServer(peer);
      try {
        const wanted = { targets: ['/x'], connections: CONNECTIONS };
        for (let i = 0; i < WARM_RUNS; i++) await load(server.port, { ...wanted, seconds: 1 });
        const told = await load(server.port, { ...wanted, seconds: secs, pauseMs: PAUSE_MS });
        if (told.errors > 0) console.error(`  ${told.errors} FAILED`);
        const { p50, p99 } = told;
        samples.push({ round, name: peer.name, rps: Math.round(told.requests / told.seconds), p50, p99 });
        console.error(`round ${round}/${rounds}, ${peer.title}: p50 ${p50} µs, p99 ${p99} µs`);
      } finally {
        await server.stop();
      }
    }
  }
  const servers = ready.map(({ name, title }) => ({ name, title }));
  return { machine: machine(), seconds: secs, servers, samples };
}

export function tailTable({ seconds, servers, samples }: Tail): Table {
  const base = new Map(
    samples.filter(({ name }) => name === baseline).map((sample) => [sample.round, sample]),
  );
  const rows = servers.map(({ name, title }) => {
    const own = samples.filter((sample) => sample.name === name);
    const figure = (pick: (sample: Sample) => number | undefined) => spread(own.map(pick));
    return [
      title,
      median(
        figure(({ rps }) => rps),
        whole,
      ),
      median(
        figure(({ p50 }) => p50),
        duration,
      ),
      median(
        figure(({ p99 }) => p99),
        duration,
      ),
      times(
        figure(({ round, p99 }) => {
          const ours = base.get(round)?.p99;
          return ours && ours / p99;
        }),
      ),
    ];
  });
  const rounds = new Set(samples.map(({ round }) => round)).size;
  return {
    title: `${CONNECTIONS} clients that wait 1 to ${PAUSE_MS} ms before they ask again: ${rounds} rounds of ${seconds} s`,
    head: ['server', 'requests/s', 'p50', 'p99', 'p99 of FlexiLib, inline, to it'],
    rows,
  };
}
