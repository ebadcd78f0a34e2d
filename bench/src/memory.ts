// FlexiLib's memory as a user meets it: the examples, two threads; idle, after many requests, with idle connections.
import { setTimeout as sleep } from 'node:timers/promises';
import { examples } from '../peers/flexilib/peer.ts';
import { hold, possible } from './connections.ts';
import { type Machine, machine } from './machine.ts';
import type { Options } from './options.ts';
import { type Memory, memory } from './processes.ts';
import { ask, type Server, startServer } from './server.ts';
import { spread } from './stats.ts';
import { mebibytes, type Table, tenths } from './words.ts';
import { load } from './wrk.ts';

const REQUESTS = 1_000_000;
/** At once, and when a server that gives memory back while it is quiet has done so. */
const BUSY_MS = 500;
const QUIET_MS = 15_000;
const TARGETS = ['/', '/hello-c', '/hello-zig', '/hello-rust'];

/** KiB. */
interface Stages {
  idle: Memory;
  loaded: Memory;
  rested: Memory;
  held: Memory;
  closed: Memory;
}

export interface MemoryResults {
  machine: Machine;
  requests: number;
  connections: number;
  /** The examples that were built. */
  examples: string[];
  rounds: Stages[];
}

async function after(ms: number, server: Server): Promise<Memory> {
  await sleep(ms);
  return memory(server.pids());
}

/** Those that answer; asking loads them. */
async function loadExamples(port: number): Promise<string[]> {
  const answers = await Promise.all(TARGETS.map((target) => ask(port, target)));
  return TARGETS.filter((_, index) => answers[index]?.startsWith('HTTP/1.1 200'));
}

async function send(port: number, targets: string[], wanted: number): Promise<void> {
  let sent = 0;
  let rate = wanted; // a second first, then what is known to be needed
  while (sent < wanted) {
    const seconds = Math.max(1, Math.min(10, Math.round((wanted - sent) / rate)));
    const told = await load(port, { targets, connections: 64, seconds });
    if (told.errors > 0) console.error(`  ${told.errors} FAILED`);
    if (told.requests === 0) throw new Error('nothing is answered');
    rate = told.requests / told.seconds;
    sent += told.requests;
    console.error(`  ${sent} requests, ${Math.round(rate)}/s`);
  }
}

export async function runMemory(options: Options): Promise<MemoryResults> {
  const requests = options.requests ?? REQUESTS;
  const connections = possible(options.connections);
  const results: MemoryResults = { machine: machine(), requests, connections, examples: [], rounds: [] };
  for (let round = 1; round <= options.rounds; round++) {
    console.error(`round ${round}/${options.rounds}`);
    const server = await startServer(examples, { target: '/' });
    try {
      results.examples = await loadExamples(server.port);
      const idle = await after(QUIET_MS, server);
      await send(server.port, results.examples, requests);
      const loaded = await after(BUSY_MS, server);
      const rested = await after(QUIET_MS, server);
      const sockets = await hold(server.port, connections, '/');
      const held = await after(QUIET_MS, server);
      if (sockets.count() < connections) throw new Error(`only ${sockets.count()} connections could be held`);
      sockets.close();
      results.rounds.push({ idle, loaded, rested, held, closed: await after(QUIET_MS, server) });
    } finally {
      await server.stop();
    }
  }
  return results;
}

export function memoryTable({ rounds, requests, connections }: MemoryResults): Table {
  const row = (title: string, stage: keyof Stages) => [
    title,
    ...(['rss', 'pss', 'dirty'] as const).map((name) =>
      mebibytes(spread(rounds.map((stages) => stages[stage][name]))?.median ?? Number.NaN),
    ),
  ];
  const perConnection = spread(rounds.map(({ held, rested }) => (held.dirty - rested.dirty) / connections));
  return {
    title: `FlexiLib with the examples, two threads: MiB (${tenths(perConnection?.median ?? Number.NaN)} KiB a connection)`,
    head: ['', 'RSS', 'PSS', 'private dirty'],
    rows: [
      row('idle, the examples loaded', 'idle'),
      row(`just after ${requests.toLocaleString('en')} requests`, 'loaded'),
      row('a while later', 'rested'),
      row(`with ${connections.toLocaleString('en')} idle connections`, 'held'),
      row('these closed', 'closed'),
    ],
  };
}
