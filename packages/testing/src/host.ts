// A library, loaded and called by the server's own runtime, in this process.
import { rmSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { isMainThread } from 'node:worker_threads';
import { createLoader, type Loader, openRunDirectory, type RunDirectory } from '@flexilib/loader';
import { exitNow, FlexilibError, type Runtime, startRuntime } from '@flexilib/native';
import { type Answer, callLibrary } from './call.ts';
import { type Growth, measureGrowth } from './growth.ts';
import type { Asked } from './request.ts';

/** RESPONSE_PREALLOCATION_KB's default. */
const ARENA_RESERVE = 8192;
/** A library's threads have a second of it. */
const UNLOAD_MS = 2500;

export interface Line {
  level: 'error' | 'warning' | 'info' | 'debug';
  text: string;
}

export interface HostOptions {
  /** Absolute. */
  path: string;
  /** Calls at a time. */
  threads: number;
  /** Milliseconds that a call may take. */
  timeout: number;
  onLog(line: Line): void;
}

/** A library that is loaded. */
export interface Host {
  /** Rejects with FL_CALL_CRASHED, FL_CALL_TIMEOUT or FL_CALL_ANSWER. */
  call(asked: Asked): Promise<Answer>;
  /** Calls it again and again, and gives what stayed behind. Rejects as call does. alive: called now and then. */
  measure(asked: Asked, calls: number, alive?: () => void): Promise<Growth>;
  /** Unloads it when its calls are out. Never rejects. */
  close(): Promise<void>;
}

interface Ground {
  runtime: Runtime;
  loader: Loader;
  runDirectory: RunDirectory;
}

/** The runtime is once a process. */
let ground: Promise<Ground> | undefined;
/** By path. */
const open = new Map<string, HostOptions['onLog']>();
/** A library was left where it was. */
let damaged = false;
const levels = ['error', 'warning', 'info', 'debug'] as const;

async function prepare(threads: number): Promise<Ground> {
  const nothing = () => {};
  const tell = (path: string | undefined, line: Line) => open.get(path ?? '')?.(line);
  const runtime = startRuntime({
    threads,
    arenaReserve: ARENA_RESERVE,
    background: true,
    onLog: ({ library, level, text }) => tell(loader.pathOf(library), { level: levels[level], text }),
    onDamage: nothing, // the call tells
  });
  // A server that runs this process is none of our business.
  const runDirectory = await openRunDirectory({ ...process.env, FLEXILIB_SHARED_DIR: '' });
  process.on('exit', (code) => {
    if (runDirectory.path !== null) rmSync(runDirectory.path, { recursive: true, force: true });
    if (damaged) exitNow(code); // exit(3) may crash, or never end
  });
  const loader = createLoader({
    runtime,
    runDirectory,
    onUnwanted: nothing,
    onSeen: nothing,
    onLoaded: nothing,
    onHealth: nothing,
    onFailed: nothing, // acquire rejects
    onProblem: (path, text) => tell(path, { level: 'warning', text }),
  });
  return { runtime, loader, runDirectory };
}

/** The copy of the library goes; it must not be called any more. */
export async function removeRunDirectory(): Promise<void> {
  await (await ground)?.runDirectory.close();
}

/**
 * Loads a library into this process. supervisor: the process is for it alone, and ends with the other end of this socket;
 * a call that doesn't end may then be stopped by force. Throws FL_RUNTIME, FL_STAGING and FL_LIBRARY_*; FL_USAGE when the path is loaded already.
 */
export async function openHost(
  { path, threads, timeout, onLog }: HostOptions,
  supervisor?: number,
): Promise<Host> {
  if (!isMainThread) {
    throw new FlexilibError(
      'FL_RUNTIME',
      'without isolation a library can be loaded in the main thread only',
    );
  }
  if (open.has(path))
    throw new FlexilibError('FL_USAGE', `${path}: is loaded already; close it first`, { path });
  open.set(path, onLog);
  try {
    ground ??= prepare(threads);
    const { runtime, loader } = await ground;
    if (supervisor !== undefined) runtime.watchSupervisor(supervisor);
    const executor = loader.executor(path);
    const generation = await keepingAlive(executor.acquire());
    const calling = { runtime, generation, path, timeout, ours: supervisor !== undefined };
    return {
      async call(asked) {
        try {
          return await callLibrary(calling, asked);
        } catch (error) {
          const { code } = error as FlexilibError;
          damaged ||= code === 'FL_CALL_CRASHED' || code === 'FL_CALL_TIMEOUT';
          throw error;
        }
      },
      async measure(asked, calls, alive) {
        if (supervisor === undefined) {
          const text = `${path}: leaks are looked for in a process of its own; load it with isolation`;
          throw new FlexilibError('FL_CALL_REQUEST', text, { path });
        }
        open.set(path, () => {}); // so many calls have nothing new to say
        try {
          return await measureGrowth(calling, asked, calls, alive);
        } finally {
          open.set(path, onLog);
        }
      },
      async close() {
        generation.release();
        const stuck = setTimeout(UNLOAD_MS, true);
        if (await Promise.race([executor.retire(), stuck]))
          onLog({ level: 'warning', text: 'it stays in memory: a call of it, or flexilib_unload, goes on' });
        open.delete(path);
        loader.keepOnly(new Set(open.keys()));
      },
    };
  } catch (error) {
    open.delete(path);
    throw error;
  }
}

/** The runtime is in the background: what it does alone would not keep a process from ending. */
async function keepingAlive<T>(promise: T | Promise<T>): Promise<T> {
  const timer = setInterval(() => {}, 1 << 30);
  return Promise.resolve(promise).finally(() => clearInterval(timer));
}
