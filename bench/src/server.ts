// One server under measurement: started on its core, asked until it answers, stopped.
import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../e2e/support/server.ts';
import { startOn, stop } from './children.ts';
import { executor, scratch, serverCore } from './paths.ts';
import type { Peer } from './peer.ts';
import { tree } from './processes.ts';

const START_MS = 10_000;

export interface Server {
  port: number;
  /** From the start of the process to its first answer. */
  startMs: number;
  folder: string;
  pids(): number[];
  stop(): Promise<void>;
}

export interface StartOptions {
  cores?: string;
  library?: string;
  upstream?: number;
  environment?: Record<string, string>;
  /** What is asked for until it is answered. */
  target?: string;
}

/** One request on a connection of its own; undefined when nobody listens yet. */
export function ask(port: number, target: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(port, '127.0.0.1');
    socket.setTimeout(5000, () => socket.destroy());
    socket.once('connect', () => socket.write(`GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`));
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      const [head, body] = text.split('\r\n\r\n', 2);
      const length = Number(/content-length: *(\d+)/i.exec(head!)?.[1] ?? Number.NaN);
      if (body !== undefined && body.length >= length) socket.destroy();
    });
    socket.on('error', () => {});
    socket.once('close', () => resolve(text || undefined));
  });
}

async function firstAnswer(child: ChildProcess, port: number, target: string): Promise<string> {
  const deadline = Date.now() + START_MS;
  while (Date.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('it exited');
    const answer = await ask(port, target);
    if (answer !== undefined) return answer;
    await sleep(1);
  }
  throw new Error(`no answer within ${START_MS / 1000} s`);
}

export async function startServer(peer: Peer, options: StartOptions = {}): Promise<Server> {
  const folder = join(scratch, peer.name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const { library = executor, upstream = 0 } = options;
  const { argv, environment, stdout } = peer.launch({ port, folder, library, upstream });

  const log = join(folder, 'stderr.log');
  const out = openSync(stdout ?? join(folder, 'stdout.log'), 'a'); // append: the soak truncates it
  const err = openSync(log, 'a');
  const began = performance.now();
  const child = startOn(options.cores ?? String(serverCore), argv, {
    stdio: ['ignore', out, err],
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      NODE_ENV: 'production',
      ...environment,
      ...options.environment,
    },
  });
  closeSync(out);
  closeSync(err);
  try {
    const target = options.target ?? '/x';
    const answer = await firstAnswer(child, port, target);
    const startMs = performance.now() - began;
    if (!answer.startsWith('HTTP/1.1 200')) throw new Error(`it answered ${answer.slice(0, 80)}`);
    if (target === '/x' && !answer.includes('exec says /x')) throw new Error(`it answered ${answer}`);
    return { port, startMs, folder, pids: () => tree(child.pid!), stop: () => stop(child) };
  } catch (error) {
    await stop(child);
    const said = readFileSync(log, 'utf8').trim().split('\n').slice(-3).join('\n');
    throw new Error(`${peer.name}: ${(error as Error).message}${said && `\n${said}`}`);
  }
}
