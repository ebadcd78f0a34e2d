// Makes each event of the schedule happen.
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from '../support/client.ts';
import { install } from '../support/library.ts';
import { run } from '../support/server.ts';
import type { History } from './history.ts';
import { judge } from './judge.ts';
import type { Event } from './schedule.ts';
import { type Site, values } from './site.ts';

export const canPress: boolean = spawnSync('prlimit', ['--version']).status === 0;

/** Milliseconds since a process was started; 0: there is none. */
function ageOf(pid: number): number {
  try {
    const ticks = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')[19];
    return 1000 * Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) - 10 * Number(ticks);
  } catch {
    return 0;
  }
}

export interface Actions {
  /** Settles when it is over. Rejects when what it saw is wrong. */
  act(event: Event): Promise<void>;
  /** The newest build. */
  readonly built: number;
}

export function createActions({ server, runDirectory, build, config }: Site, history: History): Actions {
  let built = 1;
  let toggle = 0;
  const write = (text: string) => install(server.config, Buffer.from(text));

  async function swap(builds: number, apart: number): Promise<void> {
    // Numbers first, since swaps may overlap: what is installed later is newer.
    for (let i = 1; i <= builds; i++) {
      built += 1;
      build(built);
      history.installed(built, i === builds);
      if (i < builds) await sleep(apart);
    }
  }

  /** A request of its own that ends badly. A killed process may take it along. */
  async function damage(path: string): Promise<void> {
    const asked = { path, sent: performance.now(), seen: 0 };
    const response = await ask(server.port, path).catch((error: Error) => error);
    if (response instanceof Error) {
      if (history.killBehind(asked.sent) === null) throw new Error(`${path}: ${response.message}`);
      return;
    }
    const { status, headers, body } = response;
    const answer = { status, body: body.toString(), retryAfter: headers['retry-after'], closing: false };
    const wrong = judge(asked, answer, history);
    if (wrong) throw new Error(wrong);
  }

  /** To the newest process that has served for a while: one that starts would end, and be started again. */
  async function press(lasting: number): Promise<void> {
    const pid = server.pids().findLast((one) => ageOf(one) > 1000);
    if (!canPress || !pid) return;
    try {
      const [, soft, hard] = /^Max open files +(\d+) +(\d+)/m.exec(
        readFileSync(`/proc/${pid}/limits`, 'utf8'),
      )!;
      const limit = (to: string | number) =>
        execFileSync('prlimit', ['--pid', `${pid}`, `--nofile=${to}:${hard}`], { stdio: 'ignore' });
      history.pressed(lasting);
      limit(readdirSync(`/proc/${pid}/fd`).length);
      await sleep(lasting);
      limit(soft);
    } catch {
      // It was replaced meanwhile.
    }
  }

  async function dawdle(count: number, lasting: number, bytes: string, reset: boolean): Promise<void> {
    const sockets = Array.from({ length: count }, () =>
      connect(server.port, '127.0.0.1')
        .on('error', () => {})
        .on('connect', function (this: ReturnType<typeof connect>) {
          this.write(bytes);
        }),
    );
    await sleep(lasting);
    for (const socket of sockets) reset ? socket.resetAndDestroy() : socket.destroy();
  }

  async function upgrade(command: boolean): Promise<void> {
    if (!command) {
      server.signal('SIGUSR2');
      return;
    }
    const { code, stderr } = await run(['upgrade'], { FLEXILIB_RUN_DIR: runDirectory });
    if (code !== 0) throw new Error(`flexilib upgrade: ${code}: ${stderr}`);
  }

  return {
    get built() {
      return built;
    },
    async act(event) {
      switch (event.kind) {
        case 'swap':
          return swap(event.builds, event.apart);
        case 'hup':
          toggle += 1;
          history.toggled(values[toggle % 2]);
          write(config(values[toggle % 2]));
          server.signal('SIGHUP');
          return;
        case 'bad hup':
          write(event.text);
          server.signal('SIGHUP');
          await sleep(300);
          write(config(values[toggle % 2])); // who upgrades reads it
          return;
        case 'crash':
          for (let i = 0; i < event.times; i++) await damage(`/crash/${event.place}/now`);
          return;
        case 'loop':
          return damage(`/loop/${event.place}/now`);
        case 'slow clients':
          return dawdle(event.count, event.lasting, 'GET /steady HTTP/1.1\r\nHo', false);
        case 'aborts':
          return dawdle(event.count, event.after, 'GET /swapped HTTP/1.1\r\nHost: a\r\n\r\n', true);
        case 'no descriptors':
          return press(event.lasting);
        case 'kill': {
          const pids = server.pids();
          if (pids.length === 0) return;
          history.killed();
          process.kill(pids[event.which % pids.length], 'SIGKILL');
          return;
        }
        case 'upgrade':
          return upgrade(event.command);
      }
    },
  };
}
