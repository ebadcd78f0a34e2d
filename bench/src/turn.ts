// A server's turn in a round: start it, load it with each workload, hold idle connections, stop it.
import { setTimeout as sleep } from 'node:timers/promises';
import { hold, possible } from './connections.ts';
import { serverCore } from './paths.ts';
import type { Peer } from './peer.ts';
import { coreBusy, cpu, type Memory, memory } from './processes.ts';
import { type Server, startServer } from './server.ts';
import { type CellName, cellsOf, type Workload, type WorkloadName } from './workloads.ts';
import { load } from './wrk.ts';

/** Times in microseconds, CPU a request. `other`: what else ran on the server's core, in per cent of it. */
export interface Cell {
  rps: number;
  /** Missing where requests are pipelined. */
  p50?: number;
  p99?: number;
  user: number;
  system: number;
  other: number;
  /** Missing when there were none. */
  errors?: number;
}

/** KiB each. */
export interface PerConnection extends Memory {
  opened: number;
}

export interface Sample {
  round: number;
  peer: string;
  startMs: number;
  /** Memory in KiB. */
  idle: Memory;
  loaded?: Memory;
  perConnection?: PerConnection;
  cells: Partial<Record<CellName, Cell>>;
}

export interface TurnOptions {
  round: number;
  seconds: number;
  workloads: readonly WorkloadName[];
  /** Idle connections to hold; 0: none. */
  connections: number;
  /** What a proxy asks. */
  upstream?: number | undefined;
  onCell(cell: CellName, figures: Cell): void;
}

const SETTLE_MS = 300;
const LONG_SETTLE_MS = 1000;
/** wrk's shortest. */
const WARM_SECONDS = 1;
/** What is new to a server is warmed first. Just-in-time compilers share its core and need more than one run, since it
 * is where connections come and go that they guess wrong. */
const WARM_RUNS: Partial<Record<CellName, number>> = {
  ...{ 'text@64': 3, 'json@64': 1, 'echo@64': 2 },
  ...{ 'small@64': 3, 'fields@64': 1, '16k@64': 1, '1m@64': 1 },
};

const round = (value: number, digits: number) => Number(value.toFixed(digits));

async function measure(
  server: Server,
  workload: Workload,
  connections: number,
  seconds: number,
): Promise<Cell> {
  const wanted = { ...workload, targets: [workload.target], connections, seconds };
  const pids = server.pids();
  const before = cpu(pids);
  const busyBefore = coreBusy(serverCore);
  const told = await load(server.port, wanted);
  const after = cpu(pids);
  const user = after.user - before.user;
  const system = after.system - before.system;
  const other = coreBusy(serverCore) - busyBefore - user - system;
  const each = 1e6 / Math.max(1, told.requests);
  return {
    rps: Math.round(told.requests / told.seconds),
    // wrk corrects latencies by the interval between a connection's requests, and so invents them for a batch.
    ...(workload.depth === 1 && { p50: Math.round(told.p50), p99: Math.round(told.p99) }),
    user: round(user * each, 2),
    system: round(system * each, 2),
    other: Math.max(0, Math.round((other / told.seconds) * 100)),
    ...(told.errors > 0 && { errors: told.errors }),
  };
}

async function idleConnections(server: Server, wanted: number): Promise<PerConnection> {
  await sleep(LONG_SETTLE_MS);
  const before = memory(server.pids());
  const held = await hold(server.port, possible(wanted));
  await sleep(LONG_SETTLE_MS);
  const after = memory(server.pids());
  const opened = held.count();
  held.close();
  const each = (name: keyof Memory) => round((after[name] - before[name]) / Math.max(1, opened), 3);
  return { opened, rss: each('rss'), pss: each('pss'), dirty: each('dirty') };
}

export async function turn(peer: Peer, options: TurnOptions): Promise<Sample> {
  const names = options.workloads.filter((name) => peer.workloads.includes(name));
  const server = await startServer(peer, options.upstream ? { upstream: options.upstream } : {});
  try {
    await sleep(SETTLE_MS);
    const sample: Sample = {
      round: options.round,
      peer: peer.name,
      startMs: round(server.startMs, 1),
      idle: memory(server.pids()),
      cells: {},
    };
    for (const { workload, connections, cell } of cellsOf(names)) {
      for (let i = 0; i < (WARM_RUNS[cell] ?? 0); i++)
        await measure(server, workload, connections, WARM_SECONDS);
      const figures = await measure(server, workload, connections, options.seconds);
      sample.cells[cell] = figures;
      options.onCell(cell, figures);
      // After the same load for everyone, before workloads that not everyone has.
      if (cell === 'text@64' || cell === 'small@64') {
        await sleep(SETTLE_MS);
        sample.loaded = memory(server.pids());
        if (options.connections > 0)
          sample.perConnection = await idleConnections(server, options.connections);
      }
    }
    return sample;
  } finally {
    await server.stop();
  }
}
