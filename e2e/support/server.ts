import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { childrenOf } from './processes.ts';

const command = join(import.meta.dirname, '../../apps/server/bin/flexilib.cjs');
const running = new Set<ChildProcess>();

export interface Server {
  readonly port: number;
  /** Of the process that serves: the newest, if several do; NaN while there is none. */
  readonly pid: number;
  /** Of the process that was started; of its own when there is none, pid. */
  readonly supervisor: number;
  /** Of all processes that serve, the oldest first. */
  pids(): number[];
  /** The configuration's path. */
  readonly config: string;
  /** Request lines so far. */
  stdout(): string[];
  /** Drops them, of which a long run makes too many. */
  forget(): void;
  /** Everything else so far. */
  stderr(): string[];
  signal(name: NodeJS.Signals): void;
  /** Settles with the exit code, or the signal's name. */
  readonly exit: Promise<number | string>;
  /** What must not grow: counts of the process. */
  resources(): { mappings: number; descriptors: number; threads: number; copies: number };
}

/** Whether some socket accepts connections on this port of IPv4. */
export function isListening(port: number): boolean {
  const entry = new RegExp(`:${port.toString(16).toUpperCase().padStart(4, '0')} \\S+ 0A `); // TCP_LISTEN
  return entry.test(readFileSync('/proc/net/tcp', 'utf8'));
}

/** For who can't ask the server which one it took. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), 'flexilib-e2e-'));

/** Runs the command to its end. */
export async function run(
  args: string[],
  env: NodeJS.ProcessEnv = {},
  cwd: string = temporaryFolder(),
): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [command, ...args], { cwd, env: { ...process.env, ...env } });
  const out = { stdout: '', stderr: '' };
  child.stdout.on('data', (data) => {
    out.stdout += data;
  });
  child.stderr.on('data', (data) => {
    out.stderr += data;
  });
  const [code] = await once(child, 'close');
  return { code: code as number, ...out };
}

/**
 * Starts the server as an operator would, on a free port, and waits until it is ready.
 * through: a command that executes what follows it, in the same process.
 */
export async function start(
  config: string | { file: string },
  env: NodeJS.ProcessEnv = {},
  args: string[] = [],
  through: string[] = [],
): Promise<Server> {
  const file = typeof config === 'string' ? join(temporaryFolder(), 'proxy.ini') : config.file;
  if (typeof config === 'string') writeFileSync(file, config);
  const runDirectory = temporaryFolder();
  const [program, ...rest] = [...through, process.execPath, command, '--config', file, ...args];
  const child = spawn(program, rest, {
    env: { ...process.env, HOST: '127.0.0.1', PORT: '0', FLEXILIB_RUN_DIR: runDirectory, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const exit = once(child, 'close').then(([code, signal]) => {
    running.delete(child);
    return code ?? signal;
  });
  const text = { out: '', err: '' };
  child.stdout.on('data', (data) => {
    text.out += data;
  });
  const lines = (of: 'out' | 'err') => text[of].split('\n').slice(0, -1);
  const port = await new Promise<number>((resolve, reject) => {
    child.stderr.on('data', (data) => {
      text.err += data;
      const ready = /^listening on http:\/\/.*:(\d+)$/m.exec(text.err);
      if (ready) resolve(Number(ready[1]));
    });
    exit.then((code) => reject(new Error(`exit ${code}: ${text.err}`)));
  });
  const pids = () => {
    if (args.includes('--no-supervisor')) return [child.pid!];
    return childrenOf(child.pid!);
  };
  const proc = (path: string) => `/proc/${pids().at(-1)}/${path}`;
  return {
    port,
    get pid() {
      return pids().at(-1) ?? Number.NaN;
    },
    supervisor: child.pid!,
    pids,
    config: file,
    stdout: () => lines('out'),
    forget() {
      text.out = '';
    },
    stderr: () => lines('err'),
    signal: (name) => child.kill(name),
    exit,
    resources: () => ({
      mappings: readFileSync(proc('maps'), 'utf8')
        .split('\n')
        .filter((line) => line.includes(runDirectory)).length,
      descriptors: readdirSync(proc('fd')).length,
      threads: readdirSync(proc('task')).length,
      copies: readdirSync(runDirectory, { recursive: true }).filter((path) =>
        /\/\d+-[^/]+$/.test(String(path)),
      ).length,
    }),
  };
}

/** For afterEach: nothing outlives its test. */
export async function stopAll(): Promise<void> {
  await Promise.all(
    [...running].map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return; // what it has started holds its output
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }),
  );
}
