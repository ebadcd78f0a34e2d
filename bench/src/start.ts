// From starting the process to its first answer, and what it holds when it rests: of the bundle, and of what else it could be.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Machine, machine } from './machine.ts';
import type { Options } from './options.ts';
import { cpu, memory, threadsCpuMs } from './processes.ts';
import { ask, type Server, startServer } from './server.ts';
import { shuffle, spread } from './stats.ts';
import { variants } from './variants.ts';
import { both, mebibytes, type Table, tenths } from './words.ts';
import { load } from './wrk.ts';

const REQUESTS = 1000;
/** When a server has given back what it can. */
const QUIET_MS = 15_000;
const CONNECTIONS = 64;

interface Sample {
  round: number;
  name: string;
  startMs: number;
  /** Milliseconds of the processor's time for that: what others do on the machine shows less in it. */
  startCpuMs: number;
  /** KiB, private and dirty, at rest. */
  dirty: number;
  /** Microseconds a request, under load. */
  cpu: number;
}

export interface Start {
  machine: Machine;
  requests: number;
  variants: { name: string; title: string }[];
  samples: Sample[];
}

export async function runStart({ rounds, requests = REQUESTS }: Options): Promise<Start> {
  const peers = await variants();
  const samples: Sample[] = [];
  for (const peer of peers) await (await startServer(peer)).stop(); // the files are read, the cache is written
  for (let round = 1; round <= rounds; round++) {
    console.error(`round ${round}/${rounds}`);
    const running: { name: string; server: Server; startCpuMs: number; dirty: number }[] = [];
    for (const peer of shuffle(peers)) {
      const server = await startServer(peer);
      const startCpuMs = threadsCpuMs(server.pids());
      for (let i = 0; i < requests; i++) await ask(server.port, '/x');
      running.push({ name: peer.name, server, startCpuMs, dirty: 0 });
    }
    await sleep(QUIET_MS); // once for all of them
    for (const one of running) one.dirty = memory(one.server.pids()).dirty;
    for (const { name, server, startCpuMs, dirty } of running) {
      const before = cpu(server.pids());
      const told = await load(server.port, { targets: ['/x'], connections: CONNECTIONS, seconds: 1 });
      const after = cpu(server.pids());
      const busy = after.user + after.system - before.user - before.system;
      await server.stop();
      samples.push({
        round,
        name,
        startMs: server.startMs,
        startCpuMs,
        dirty,
        cpu: (busy / told.requests) * 1e6,
      });
    }
  }
  return {
    machine: machine(),
    requests,
    variants: peers.map(({ name, title }) => ({ name, title })),
    samples,
  };
}

export function startTable({ variants, samples, requests }: Start): Table {
  const [first] = variants;
  const figure = (
    name: string,
    of: 'startMs' | 'startCpuMs' | 'dirty' | 'cpu',
    write: (value: number) => string,
  ) => {
    const own = samples.filter((sample) => sample.name === name);
    const base = (round: number) =>
      samples.find((sample) => sample.name === first!.name && sample.round === round)?.[of];
    const ratios = own.map((sample) => sample[of] / (base(sample.round) ?? Number.NaN));
    return both(spread(own.map((sample) => sample[of])), write, spread(ratios));
  };
  return {
    title: `one process, one inline route; medians, and to the first row’s of the same round`,
    head: [
      '',
      'first answer, ms',
      'CPU until then, ms',
      `at rest after ${requests} requests, MiB`,
      'CPU µs a request',
    ],
    rows: variants.map(({ name, title }) => [
      title,
      figure(name, 'startMs', tenths),
      figure(name, 'startCpuMs', tenths),
      figure(name, 'dirty', mebibytes),
      figure(name, 'cpu', tenths),
    ]),
  };
}
