import { Buffer } from 'node:buffer';
import { addressOf, type Binding, bind } from './binding.ts';
import { Call, Outcome } from './call.ts';
import { FlexilibError } from './errors.ts';
import { nativeFile } from './files.ts';
import { createLibraries } from './libraries.ts';
import type { Library, LoadFailure, Unloaded } from './library.ts';
import { createLookout } from './lookout.ts';
import { pollReadable } from './poll.ts';

/** A constructor or flexilib_load that takes longer has failed. */
const LOAD_TIMEOUT_MS = 10_000;

/** A line that a library gave to host->log. level: 0 error, 1 warning, 2 info, 3 debug. */
export interface ExecutorLog {
  /** Library.id, or -1 when the thread wasn't inside a call. */
  library: number;
  level: number;
  text: string;
  /** Lines lost before this one, because the loop didn't take them in time. */
  dropped: number;
}

export interface RuntimeOptions {
  /** Native threads of the pool. */
  threads: number;
  /** Bytes that each thread's arena holds from the start. */
  arenaReserve: number;
  onLog(line: ExecutorLog): void;
  /**
   * A call was left where it was, by a fault or because it didn't end in time, and may have held a lock: from here on
   * nothing is certain in this process. library: its id.
   */
  onDamage(library: number, what: Damage): void;
  /** It alone doesn't keep the process alive. */
  background?: boolean;
  /** For tests: 10 s and our own otherwise. */
  loadTimeoutMs?: number;
  probe?: string;
}

/** stuck: a call on the pool goes on though it was given up. */
export type Damage = 'crashed' | 'late' | 'stuck';

/** The process's one native runtime. All functions are for the main thread. */
export interface Runtime {
  readonly threads: number;
  /** Calls that were submitted and have not returned. */
  readonly pending: number;
  /** A call to fill; give it back with releaseCall. */
  acquireCall(): Call;
  /** Not while it is submitted. */
  releaseCall(call: Call): void;
  /** Frees all calls but one that are free: as many were made as were under way at a time. */
  trim(): void;
  /**
   * Runs the executor on the pool; done is called on the loop when it has returned. deadline: monotonic ms. slow: it is
   * expected to take long, and then it may hold up others like it, but not quick ones.
   */
  submit(call: Call, library: Library, deadline: number, slow: boolean, done: (call: Call) => void): void;
  /**
   * Nobody waits for this call any more, which is past its deadline: another thread takes the place of the one it holds.
   * Gives where the call is by then, which reportOf takes; null: it still waits for a thread, or can't be looked at. It
   * settles within 700 ms, and at the latest when the call returns.
   */
  abandon(call: Call): Promise<string | null>;
  /** Runs the executor on the loop itself, and stops it there at the deadline: monotonic ms. */
  invoke(call: Call, library: Library, deadline: number): void;
  /**
   * dlopen(3) and flexilib_load on a thread of its own, once a process of its own, the probe, has opened it without
   * harm. path must be one that was never loaded before. Never rejects.
   */
  load(path: string, id: number): Promise<Library | LoadFailure>;
  /** flexilib_unload and dlclose(3) on a thread of its own; no call may be inside. Never rejects. */
  unload(library: Library): Promise<Unloaded>;
  /**
   * Puts back what libraries have changed of the process since the first time, and says what that was. crippled: they
   * have closed descriptors without which it can't go on.
   */
  mend(): { mended: string[]; crippled: boolean };
  /** From here on calls are measured (Call.left), before the first one; false: this C library can't. */
  watchHeap(): boolean;
  /** Ends the process soon after the other end of this socket is gone, even if the loop doesn't turn. */
  watchSupervisor(fd: number): void;
  /** Ends the pool's threads after their calls, and waits for them. */
  stop(): void;
}

const Event = { call: 1, load: 2, unload: 3, log: 4 } as const;
const REAP = 256;
/** In the order of their bits in fl_mend. */
const mendable = [
  'signal handlers',
  'the blocked signals',
  'the umask',
  'the working directory',
  'the descriptors 0 to 2',
];
const CRIPPLED = 32;
/** A call that was given up may go on for so long before it counts as stuck. */
const STUCK_MS = 1000;
/** So many calls are enough for the threads not to wait for more. */
const KICK = 16;

/**
 * Starts the runtime: its threads, and signal handlers for faults inside executors. Once a process, in the main
 * thread. Throws FL_RUNTIME.
 */
export function startRuntime(options: RuntimeOptions): Runtime {
  const binding = bind();
  const fd = binding.start(options.threads, options.arenaReserve);
  if (fd < 0) throw new FlexilibError('FL_RUNTIME', `the native runtime can't start: errno ${-fd}`);

  const calls = createCalls(binding, options.onDamage);
  const libraries = createLibraries(binding, {
    probe: options.probe ?? nativeFile('flexilib-probe'),
    timeoutMs: options.loadTimeoutMs ?? LOAD_TIMEOUT_MS,
    onUnprobed: (text) => options.onLog({ library: -1, level: 1, text, dropped: 0 }),
  });
  const lookout = createLookout();
  const takeLogs = createLogReader(binding, options.onLog);
  const pairs = new Int32Array(new ArrayBuffer(8 * REAP));
  const pairsAddress = addressOf(pairs.buffer);

  let pending = 0;
  let submitted = 0; // since the last turn
  const kick = () => {
    submitted = 0;
    binding.kick();
  };
  const onCompletion = () => {
    const count = binding.reap(pairsAddress, REAP);
    for (let i = 0; i < count; i++) {
      const id = pairs[2 * i + 1];
      switch (pairs[2 * i]) {
        case Event.call:
          pending -= 1;
          calls.complete(id);
          break;
        case Event.log:
          takeLogs();
          break;
        default:
          libraries.ended(id);
      }
    }
  };
  const poll = pollReadable(fd, onCompletion, options.background);

  return {
    threads: options.threads,
    get pending() {
      return pending;
    },
    acquireCall: calls.acquire,
    releaseCall: calls.release,
    trim: calls.trim,
    submit(call, library, deadline, slow, done) {
      call.done = done;
      pending += 1;
      call.submit(library, deadline, slow);
      if (submitted === 0) queueMicrotask(kick); // when whoever submits now has done so
      submitted += 1;
      if (submitted % KICK === 0) binding.kick();
    },
    abandon(call) {
      if (!call.abandon()) return Promise.resolve(null);
      const { done, library } = call;
      const stuck = setTimeout(options.onDamage, STUCK_MS, library!.id, 'stuck').unref();
      call.done = (call) => {
        clearTimeout(stuck);
        done?.(call);
      };
      return lookout.follow(call);
    },
    invoke(call, library, deadline) {
      call.invoke(library, deadline);
      if (call.outcome >= Outcome.crashed) {
        options.onDamage(library.id, call.outcome === Outcome.late ? 'late' : 'crashed');
      }
    },
    mend() {
      const changed = binding.mend();
      const mended = changed === 0 ? [] : mendable.filter((_, bit) => (changed & (1 << bit)) !== 0);
      return { mended, crippled: (changed & CRIPPLED) !== 0 };
    },
    watchHeap: () => binding.heapWatch() === 1,
    watchSupervisor: binding.watchSupervisor,
    load: libraries.load,
    unload: libraries.unload,
    stop() {
      poll.close();
      binding.stop();
      lookout.stop();
      calls.free();
    },
  };
}

function createCalls(binding: Binding, onDamage: RuntimeOptions['onDamage']) {
  const all: (Call | undefined)[] = []; // by id
  const free: Call[] = [];
  const freeIds: number[] = [];
  return {
    acquire(): Call {
      const call = free.pop();
      if (call) return call;
      const made = new Call(binding, freeIds.at(-1) ?? all.length);
      freeIds.pop();
      all[made.id] = made;
      return made;
    },
    release(call: Call): void {
      call.reset();
      free.push(call);
    },
    complete(id: number): void {
      const call = all[id]!;
      if (call.outcome === Outcome.crashed) onDamage(call.library!.id, 'crashed');
      const done = call.done;
      call.done = null;
      done?.(call);
    },
    trim(): void {
      // One stays: when a class has no object left, V8 throws away the code that was compiled for it.
      for (const call of free.splice(1)) {
        all[call.id] = undefined;
        freeIds.push(call.id);
        call.free();
      }
    },
    free(): void {
      for (const call of all) call?.free();
    },
  };
}

function createLogReader(binding: Binding, onLog: (line: ExecutorLog) => void) {
  const text = Buffer.from(new ArrayBuffer(4096));
  const about = new Int32Array(new ArrayBuffer(12));
  const textAddress = addressOf(text);
  const aboutAddress = addressOf(about.buffer);
  /** One line: each has an event of its own, so that a library that never stops talking stops nobody else. */
  return () => {
    const length = binding.logTake(textAddress, aboutAddress);
    if (length < 0) return;
    onLog({
      library: about[0],
      level: about[1],
      dropped: about[2],
      text: text.toString('utf8', 0, length),
    });
  };
}
