// What faults cost: the guard, the supervisor, a serving process that is killed, a library that crashes all the time.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from '../../e2e/support/client.ts';
import { crashingAlways, saying } from '../../e2e/support/library.ts';
import { type Load, steadyLoad } from '../../e2e/support/load.ts';
import { type Server, start, stopAll } from '../../e2e/support/server.ts';
import { include, product } from './build.ts';
import { type Machine, machine } from './machine.ts';
import type { Options } from './options.ts';
import { built, root } from './paths.ts';
import { memory } from './processes.ts';
import { spread } from './stats.ts';
import { hundredths, type Table, tenths, whole } from './words.ts';

const CONNECTIONS = 64;
const CRASHES = 100;
const MINUTE_MS = 60_000;

interface Guard {
  /** Nanoseconds: of the call, and what the guard adds on the pool and on the loop. */
  plain: number;
  guarded: number;
  timed: number;
}

interface Kill {
  /** Milliseconds from the kill to the first answer of the next process, on a new connection. */
  firstAnswerMs: number;
  lost: number;
}

export interface Faults {
  machine: Machine;
  guard: Guard;
  /** KiB of the supervisor, after the kills. */
  supervisor: { dirty: number; rss: number };
  kills: Kill[];
  /** Over all kills. */
  refused: number;
  wrong: number;
  crashes: {
    sent: number;
    /** How often each status came. */
    statuses: Record<string, number>;
    processes: number;
    others: { answered: number; wrong: number; lost: number; refused: number; slowestMs: number };
    /** KiB, all processes. */
    before: number;
    after: number;
  };
}

async function measureGuard(): Promise<Guard> {
  const runtime = join(root, 'packages/native/runtime');
  const program = join(built, 'guard');
  const sources = readdirSync(runtime)
    .filter((name) => name.endsWith('.c'))
    .map((name) => join(runtime, name));
  sources.push(join(root, 'bench/guard/guard.c'));
  const flags = ['-std=gnu11', '-D_GNU_SOURCE', '-O2', `-I${runtime}`, `-I${include}`, '-ldl', '-lpthread'];
  await product(program, sources, async () => execFileSync('gcc', ['-o', program, ...sources, ...flags]));
  return JSON.parse(execFileSync(program, { encoding: 'utf8' }));
}

async function killAgain(server: Server, load: Load): Promise<Kill> {
  const before = load.lost.length;
  await load.more(5000);
  const killed = performance.now();
  process.kill(server.pid, 'SIGKILL');
  await ask(server.port, '/steady');
  const firstAnswerMs = performance.now() - killed;
  await load.more(5000);
  return { firstAnswerMs, lost: load.lost.length - before };
}

const dirtyOf = ({ supervisor, pids }: Server) => memory([supervisor, ...pids()]).dirty;

async function crashForAMinute(config: string): Promise<Faults['crashes']> {
  const server = await start(config);
  const load = steadyLoad(server.port);
  await load.more(10_000);
  const first = server.pid;
  const before = dirtyOf(server);
  const statuses: Record<string, number> = {};
  for (let i = 0; i < CRASHES; i++) {
    const { status } = await ask(server.port, '/crash');
    statuses[status] = (statuses[status] ?? 0) + 1;
    await sleep(MINUTE_MS / CRASHES);
  }
  await sleep(15_000); // whoever leaves has left
  await load.stop();
  const { answered, wrong, lost, refused, slowest } = load;
  const others = {
    answered,
    wrong: wrong.length,
    lost: lost.length,
    refused: refused.length,
    slowestMs: slowest,
  };
  const processes = server.stderr().filter((line) => line.includes('finishes what it has')).length;
  if (server.pid === first) throw new Error('the process was never replaced');
  return { sent: CRASHES, statuses, processes, others, before, after: dirtyOf(server) };
}

export async function runFaults(options: Options): Promise<Faults> {
  const steady = saying('steady');
  const crash = crashingAlways();
  const config = `/crash = ${crash}\n/ = ${steady}\n`;
  // The server is a child of this process here, and wants all cores.
  const cores = `0-${availableParallelism() - 1}`;
  execFileSync('taskset', ['-a', '-c', '-p', cores, String(process.pid)], { stdio: 'ignore' });
  try {
    const guard = await measureGuard();
    const server = await start(config);
    const load = steadyLoad(server.port, { connections: CONNECTIONS });
    const kills: Kill[] = [];
    for (let round = 0; round < 2 * options.rounds; round++) {
      kills.push(await killAgain(server, load));
      await sleep(1000);
    }
    const { dirty, rss } = memory([server.supervisor]);
    await load.stop();
    const refused = load.refused.length;
    const wrong = load.wrong.length;
    await stopAll();
    const crashes = await crashForAMinute(config);
    return { machine: machine(), guard, supervisor: { dirty, rss }, kills, refused, wrong, crashes };
  } finally {
    await stopAll();
  }
}

export function faultsTable({ guard, supervisor, kills, refused, wrong, crashes }: Faults): Table {
  const times = spread(kills.map(({ firstAnswerMs }) => firstAnswerMs));
  const worst = Math.max(...kills.map(({ firstAnswerMs }) => firstAnswerMs));
  const lost = Math.max(...kills.map((kill) => kill.lost));
  const { others, statuses } = crashes;
  const told = Object.entries(statuses).map(([status, count]) => `${count} times ${status}`);
  return {
    title: 'What faults cost',
    head: ['', ''],
    rows: [
      ['the guard, a call on the pool', `${tenths(guard.guarded)} ns`],
      ['the guard and the deadline, a call on the loop', `${tenths(guard.timed)} ns`],
      ['private memory of the supervisor', `${whole(supervisor.dirty)} KiB (RSS ${whole(supervisor.rss)})`],
      [
        `kill -9 under ${CONNECTIONS} connections, ${kills.length} times: to the first answer`,
        `${whole(times?.median ?? Number.NaN)} ms (at most ${whole(worst)})`,
      ],
      ['connections refused, wrong answers', `${refused}, ${wrong}`],
      ['connections lost, at most in a kill', String(lost)],
      [`${crashes.sent} requests to a library that crashes, in a minute`, told.join(', ')],
      ['processes that took another’s place meanwhile', String(crashes.processes)],
      [
        'answers of the other route; wrong, lost, refused',
        `${whole(others.answered)}; ${others.wrong}, ${others.lost}, ${others.refused}`,
      ],
      ['its slowest answer', `${whole(others.slowestMs)} ms`],
      [
        'private memory of all processes, before and after',
        `${hundredths(crashes.before / 1024)} and ${hundredths(crashes.after / 1024)} MiB`,
      ],
    ],
  };
}
