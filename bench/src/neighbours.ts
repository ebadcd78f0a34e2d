// Does a library that computes for long delay a fast one? p99 of a fast inline route alone, and while other
// connections keep every thread of the pool computing, 50 ms a call.
import { setTimeout as sleep } from 'node:timers/promises';
import { flexilib } from '../peers/flexilib/peer.ts';
import { type Machine, machine } from './machine.ts';
import type { Options } from './options.ts';
import { loadCore, serverCore } from './paths.ts';
import { startServer } from './server.ts';
import { type Spread, shuffle, spread } from './stats.ts';
import { type Table, times } from './words.ts';
import { load } from './wrk.ts';

/** One request at a time, so that the fast route isn't at a limit of its own. */
const FAST_CONNECTIONS = 1;
/** More than the pool has threads: there is always a call waiting. */
const SLOW_CONNECTIONS = 16;
/** Calls that wait in the queue are made though their clients went: nobody is alone before they are done. */
const SETTLE_MS = 1500;

const server = flexilib({ name: 'flexilib-neighbours', title: 'FlexiLib', note: '' }, ['/block', '/'], ['/']);

/** The server on one core, which its loop shares with the pool, or on all. */
type Placement = 'one core' | 'all cores';

interface Pair {
  placement: Placement;
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

async function measure(placement: Placement, seconds: number): Promise<Pair> {
  const running = await startServer(server, {
    cores: placement === 'one core' ? String(serverCore) : `${serverCore}-${loadCore}`,
  });
  const fast = { targets: ['/x'], connections: FAST_CONNECTIONS, seconds };
  const slow = { targets: ['/block'], connections: SLOW_CONNECTIONS, seconds: seconds + 1 };
  const figures = { alone: 0, beside: 0, blocked: 0 };
  try {
    await load(running.port, { ...fast, seconds: 1 });
    for (const phase of shuffle(['alone', 'beside'] as const)) {
      if (phase === 'alone') figures.alone = (await load(running.port, fast)).p99;
      else {
        const computing = load(running.port, slow);
        figures.beside = (await load(running.port, fast)).p99;
        const { requests, seconds: took } = await computing;
        figures.blocked = Math.round(requests / took);
        await sleep(SETTLE_MS);
      }
    }
  } finally {
    await running.stop();
  }
  return { placement, ...figures };
}

export async function runNeighbours(options: Options): Promise<Neighbours> {
  const pairs: Pair[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    for (const placement of shuffle<Placement>(['one core', 'all cores'])) {
      const pair = await measure(placement, options.secs);
      pairs.push(pair);
      const { alone, beside, blocked } = pair;
      console.error(
        `round ${round}/${options.rounds}, ${placement}: p99 ${alone} µs alone, ${beside} µs beside ${blocked} calls/s`,
      );
    }
  }
  return { machine: machine(), seconds: options.secs, pairs };
}

export function neighboursTable({ pairs }: Neighbours): Table {
  const row = (placement: Placement) => {
    const own = pairs.filter((pair) => pair.placement === placement);
    const micros = (values: Spread | undefined) => (values ? `${Math.round(values.median)} µs` : '');
    return [
      placement,
      micros(spread(own.map(({ alone }) => alone))),
      micros(spread(own.map(({ beside }) => beside))),
      times(spread(own.map(({ alone, beside }) => beside / alone))),
      String(Math.round(spread(own.map(({ blocked }) => blocked))?.median ?? 0)),
    ];
  };
  return {
    title: 'p99 of a fast route, alone and beside 50 ms calls',
    head: ['FlexiLib on', 'alone', 'beside', 'ratio', '50 ms calls/s'],
    rows: [row('one core'), row('all cores')],
  };
}
