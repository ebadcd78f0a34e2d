// Does a library that computes for long delay a fast one? p99 of a fast inline route alone, and while other
// connections keep every thread of the pool computing, 50 ms a call. What the scheduler, and the machine under it, do
// to anybody there is seen by a bare C server in the route's place.
import { setTimeout as sleep } from 'node:timers/promises';
import { peers as bare } from '../peers/bare-c/peer.ts';
import { flexilib } from '../peers/flexilib/peer.ts';
import { type Machine, machine } from './machine.ts';
import type { Options } from './options.ts';
import { loadCore, serverCore } from './paths.ts';
import type { Peer } from './peer.ts';
import { startServer } from './server.ts';
import { shuffle, spread } from './stats.ts';
import { duration, median, type Table, times, whole } from './words.ts';
import { type Load, load, type Told } from './wrk.ts';

/** One request at a time, so that the fast route isn't at a limit of its own. */
const FAST_CONNECTIONS = 1;
/** More than the pool has threads: there is always a call waiting. */
const SLOW_CONNECTIONS = 16;
/** Calls that wait in the queue are made though their clients went: nobody is alone before they are done. */
const SETTLE_MS = 1500;
/** The start of a load generator, on the core of the other one, is no neighbour of the server's. */
const AHEAD_MS = 500;
/** Of a second each. */
const WARM_RUNS = 3;

const computing = flexilib(
  { name: 'flexilib-neighbours', title: 'FlexiLib', note: '' },
  ['/block', '/'],
  ['/'],
);
/** Root only. */
const realTimePriority = ['chrt', '--fifo', '1'];
const bareC: Peer = bare[0]!;
/** Nothing that computes can keep it from running: its tail is the machine's own. */
const realTime: Peer = {
  ...bareC,
  name: 'bare-c-real-time',
  launch(site) {
    const { argv, ...rest } = bareC.launch(site);
    return { ...rest, argv: [...realTimePriority, ...argv] };
  },
};

/** Who answers the fast route, and where: on one core, which it shares with the computing threads, or on all. */
interface Case {
  title: string;
  cores: string;
  /** Missing: the computing FlexiLib itself. */
  fast?: Peer;
  /** Of the client that asks for it. */
  launcher?: string[];
}

const one = String(serverCore);
const cases: Case[] = [
  { title: 'FlexiLib, one core', cores: one },
  // There the computing threads have the client's core too, and would delay it.
  {
    title: 'FlexiLib, all cores, its client with real-time priority',
    cores: `${serverCore}-${loadCore}`,
    launcher: realTimePriority,
  },
  { title: 'bare C beside FlexiLib, one core', cores: one, fast: bareC },
  { title: 'bare C with real-time priority beside FlexiLib, one core', cores: one, fast: realTime },
];

interface Pair {
  title: string;
  /** Microseconds. */
  alone: number;
  beside: number;
  /** Calls of the computing library a second. */
  blocked: number;
}

export interface Neighbours {
  machine: Machine;
  seconds: number;
  pairs: Pair[];
}

async function ask(port: number, wanted: Load): Promise<Told> {
  const told = await load(port, wanted);
  if (told.errors > 0) console.error(`  ${told.errors} FAILED`);
  return told;
}

async function measure({ title, cores, fast: other, launcher = [] }: Case, seconds: number): Promise<Pair> {
  const running = [await startServer(computing, { cores })];
  const figures = { alone: 0, beside: 0, blocked: 0 };
  try {
    if (other) running.push(await startServer(other, { cores }));
    const { port } = running.at(-1)!;
    const fast = { targets: ['/x'], connections: FAST_CONNECTIONS, seconds, launcher };
    const slow = { targets: ['/block'], connections: SLOW_CONNECTIONS, seconds: seconds + 1 };
    for (let i = 0; i < WARM_RUNS; i++) await ask(port, { ...fast, connections: 8, seconds: 1 });
    for (const phase of shuffle(['alone', 'beside'] as const)) {
      if (phase === 'alone') figures.alone = (await ask(port, fast)).p99;
      else {
        const computed = ask(running[0]!.port, slow);
        await sleep(AHEAD_MS);
        figures.beside = (await ask(port, fast)).p99;
        const { requests, seconds: took } = await computed;
        figures.blocked = Math.round(requests / took);
        await sleep(SETTLE_MS);
      }
    }
  } finally {
    for (const server of running) await server.stop();
  }
  return { title, ...figures };
}

export async function runNeighbours(options: Options): Promise<Neighbours> {
  await bareC.build!();
  const pairs: Pair[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    for (const which of shuffle(cases)) {
      try {
        const pair = await measure(which, options.secs);
        pairs.push(pair);
        const { title, alone, beside, blocked } = pair;
        console.error(
          `round ${round}/${options.rounds}, ${title}: p99 ${alone} µs alone, ${beside} µs beside ${blocked} calls/s`,
        );
      } catch (error) {
        if (!which.fast && !which.launcher) throw error;
        console.error(`skipped ${which.title}: ${(error as Error).message}`);
      }
    }
  }
  return { machine: machine(), seconds: options.secs, pairs };
}

export function neighboursTable({ pairs, seconds }: Neighbours): Table {
  const rows = cases.flatMap(({ title }) => {
    const own = pairs.filter((pair) => pair.title === title);
    const figures = (pick: (pair: Pair) => number) => spread(own.map(pick));
    if (own.length === 0) return [];
    return [
      [
        title,
        median(
          figures(({ alone }) => alone),
          duration,
        ),
        median(
          figures(({ beside }) => beside),
          duration,
        ),
        times(figures(({ alone, beside }) => beside / alone)),
        median(
          figures(({ blocked }) => blocked),
          whole,
        ),
      ],
    ];
  });
  const rounds = Math.max(...cases.map(({ title }) => pairs.filter((pair) => pair.title === title).length));
  return {
    title: `p99 of a fast route, alone and beside 50 ms calls: ${rounds} rounds of ${seconds} s`,
    head: ['the fast route is', 'alone', 'beside', 'ratio', '50 ms calls/s'],
    rows,
  };
}
