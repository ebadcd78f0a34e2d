// Asks registries where tags lead, and has the cache follow. One process of a server does it, and that through a short-lived
// process (pull.ts): TLS, the registry's answers and its credentials stay out of the one where libraries run, which also would
// keep some megabytes for them, and hold up its loop.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { formatReference } from '@flexilib/oci';
import type { Log } from './log.ts';
import type { PullOrder, PullResult } from './pull.ts';
import type { PullNotes } from './pull-notes.ts';
import type { PulledImage } from './settle.ts';

export interface Puller {
  /** These, by their paths, and no others. */
  keepOnly(images: ReadonlyMap<string, PulledImage>): void;
  close(): void;
}

export interface PullerOptions {
  cache: string;
  /** What the process was started with: credentials and where they are. */
  env: NodeJS.ProcessEnv;
  notes: PullNotes;
  log: Log;
}

interface Entry {
  path: string;
  reference: string;
  /** Milliseconds. */
  interval: number;
  /** On performance.now()'s clock. */
  due: number;
  running: boolean;
  failures: number;
  /** Of the last try: why it failed. */
  failure: string | null;
}

/** A pull that takes longer doesn't keep the others from being asked for. */
const PROCESSES_MAX = 4;
const PROCESS_MS = 35 * 60_000;
/** While nothing is cached, the first tries follow each other in this time. */
const SOON_MS = 1000;
/** A registry that fails is asked at least so often, or every interval. */
const BACK_OFF_MAX_MS = 60_000;
/** A digest stays what it is: only the cache is told that it is still needed. */
const DIGEST_MS = 24 * 60 * 60_000;

export function createPuller({ cache, env, notes, log }: PullerOptions): Puller {
  const entries = new Map<string, Entry>();
  const processes = new Set<() => void>();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  function next(): void {
    clearTimeout(timer);
    if (closed || processes.size >= PROCESSES_MAX) return; // one that ends calls again
    const idle = [...entries.values()].filter(({ running }) => !running);
    if (idle.length === 0) return;
    const now = performance.now();
    const due = idle.filter((entry) => entry.due <= now);
    if (due.length > 0) {
      ask(due);
      next();
      return;
    }
    const soonest = Math.min(...idle.map((entry) => entry.due));
    timer = setTimeout(next, soonest - now).unref();
  }

  function ask(asked: Entry[]): void {
    const left = new Map(asked.map((entry) => [entry.reference, entry]));
    for (const entry of asked) entry.running = true;
    const order: PullOrder = { cache, references: [...left.keys()] };

    function onLine(line: string): void {
      const result = parse(line);
      const entry = result && left.get(result.reference);
      if (!entry || closed) return;
      left.delete(entry.reference);
      heard(entry, result);
      next();
    }

    const stop = startProcess(env, JSON.stringify(order), onLine, (why) => {
      processes.delete(stop);
      for (const { reference } of left.values())
        onLine(
          JSON.stringify({ reference, error: `${reference}: the process that pulls has ended: ${why}` }),
        );
      next();
    });
    processes.add(stop);
  }

  function heard(entry: Entry, result: PullResult): void {
    entry.running = false;
    const { path, reference, interval } = entry;
    if (entries.get(path) !== entry) return; // no route wants it any more
    const now = performance.now();
    if ('error' in result) {
      const cached = existsSync(path);
      const first = cached ? interval : Math.min(SOON_MS, interval);
      const wait = Math.min(first * 2 ** Math.min(entry.failures++, 20), Math.max(interval, BACK_OFF_MAX_MS));
      entry.due = now + wait * (0.5 + Math.random() / 2);
      notes.note(path, result.error);
      const sequel = cached ? 'what is cached goes on' : 'nothing is cached: its requests have 503';
      if (entry.failure !== result.error) log.error(`${result.error} (${sequel})`);
      entry.failure = result.error;
      return;
    }
    entry.due = now + interval * (0.9 + Math.random() / 5); // servers that were started together part
    if (result.changed) log.info(`${reference}: pulled ${result.digest}`);
    else if (entry.failure !== null) log.info(`${reference}: is as it was, and the registry answers again`);
    entry.failures = 0;
    entry.failure = null;
    notes.note(path, null);
  }

  return {
    keepOnly(images) {
      for (const [path, { reference, interval }] of images) {
        const every = reference.digest === undefined ? interval : DIGEST_MS;
        const known = entries.get(path);
        const due = Math.min(known?.due ?? 0, performance.now() + every);
        if (known) Object.assign(known, { interval: every, due });
        else {
          const name = formatReference(reference);
          entries.set(path, {
            path,
            reference: name,
            interval: every,
            due,
            running: false,
            failures: 0,
            failure: notes.failure(path), // told by the process before this one
          });
        }
      }
      for (const path of entries.keys()) {
        if (images.has(path)) continue;
        entries.delete(path);
        notes.note(path, null);
      }
      next();
    },
    close() {
      closed = true;
      clearTimeout(timer);
      for (const stop of processes) stop();
    },
  };
}

/** onEnd comes last, and never from within the call. Gives what kills it. */
function startProcess(
  env: NodeJS.ProcessEnv,
  input: string,
  onLine: (line: string) => void,
  onEnd: (why: string) => void,
): () => void {
  const { spawn } = process.getBuiltinModule('node:child_process');
  const { execPath } = process;
  let child: ReturnType<typeof spawn>;
  try {
    const program = join(import.meta.dirname, 'pull.cjs');
    const limit = { timeout: PROCESS_MS, killSignal: 'SIGKILL' } as const;
    child = spawn(execPath, [program], { env, stdio: ['pipe', 'pipe', 'inherit'], ...limit });
  } catch (error) {
    setImmediate(onEnd, (error as Error).message); // no memory for it
    return () => {};
  }
  let problem = '';
  let unread = '';
  child.on('error', ({ message }) => {
    problem = message;
    if (!child.stdout) onEnd(problem); // no descriptors for it: no end is told
  });
  child.on('close', (code, signal) => onEnd(problem || (signal ?? `exit status ${code}`)));
  child.stdin?.on('error', () => {}); // its end tells
  child.stdin?.end(input);
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (unread + text).split('\n');
    unread = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
  return () => void child.kill('SIGKILL');
}

/** null: not ours. NODE_OPTIONS may have brought in what writes there too. */
function parse(line: string): PullResult | null {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
