// A process of its own for a library: asked by messages, ended when it hangs, told of when it dies.
import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { FlexilibError } from '@flexilib/native';
import type { Line } from './host.ts';
import { DAMAGE, type Failure, type Question, type Said } from './messages.ts';

/** As source, in the published package, in the bundle of the `flexilib` command. */
const entry = ['child.ts', 'child.js', 'testing-child.cjs']
  .map((name) => join(import.meta.dirname, name))
  .find(existsSync);

/** V8 for whom memory is to be measured: what compiles and collects beside the calls would be taken for theirs. */
const QUIET = [
  '--no-opt',
  '--no-maglev',
  '--no-sparkplug',
  // Node's own WebAssembly: what finds the names that CommonJS exports, what strips types.
  '--no-wasm-dynamic-tiering',
  '--no-wasm-tier-up',
  '--min-semi-space-size=32',
  '--max-semi-space-size=32',
];

/** A fault, or a call that takes too long, is told within this time, with its place. */
const REPORT_MS = 2500;
/** What it may take to end when it is told to. */
const END_MS = 1000;
/** Its last messages may come after its end. */
const LAST_WORDS_MS = 200;

/** Why there is no answer: how the process died, or null when it had to be killed because nothing came. */
export interface Silence {
  died: string | null;
}

export interface Child {
  /** Questions that wait for an answer. */
  readonly pending: number;
  /**
   * Gives the answer, or why there is none; rejects with the FlexilibError that it answers with. timeout: milliseconds
   * without a word, after which it is given time to say why, and killed.
   */
  ask(question: Question, timeout: number): Promise<{ value: unknown } | Silence>;
  /** Ends it; settles when it is gone. */
  end(): Promise<void>;
}

interface Waiting {
  settle(said: { value: unknown } | { failure: Failure } | Silence): void;
  timer: NodeJS.Timeout;
  /** What is over then. */
  timeout: number;
  since: number;
}

/** Starts one. It keeps the parent alive only while it is asked something. */
export function startChild(onLog: (line: Line) => void): Child {
  const child = fork(entry!, {
    execArgv: QUIET,
    serialization: 'advanced',
    // What a library prints goes to standard error: standard output is the test runner's, or the answer's.
    stdio: ['ignore', 2, 2, 'ipc', 'pipe'],
  });
  const supervisor = child.stdio[4] as Socket;
  const waiting = new Map<number, Waiting>();
  let nextId = 0;
  let dead: Silence | null = null;
  let ending: Promise<void> | undefined;
  let hanging: NodeJS.Timeout | undefined;

  function finish(silence: Silence): void {
    dead ??= silence;
    clearTimeout(hanging);
    for (const { settle } of waiting.values()) settle(dead);
  }

  function kill(died: string | null): void {
    child.kill('SIGKILL');
    finish({ died });
  }

  const gone = new Promise<string>((resolve) => {
    let how = '';
    const told = () => how && !child.connected && resolve(how);
    child.on('exit', (code, signal) => {
      how = signal ? `its process was ended by ${signal}` : `its process ended with exit status ${code}`;
      told();
      setTimeout(resolve, LAST_WORDS_MS, how).unref();
    });
    child.on('disconnect', told);
    child.on('error', ({ message }) => resolve(`its process can't be run: ${message}`));
  }).then((died) => {
    supervisor.destroy();
    finish({ died });
  });

  child.on('message', (said: Said) => {
    if (said === 'alive') {
      for (const one of waiting.values()) {
        one.since = performance.now();
        one.timer.refresh();
      }
      return;
    }
    if ('log' in said) {
      onLog(said.log);
      return;
    }
    clearTimeout(hanging);
    hanging = undefined;
    waiting.get(said.id)?.settle(said);
  });
  supervisor.on('data', (bytes: Buffer) => {
    if (!bytes.includes(DAMAGE)) return;
    const now = performance.now();
    const crashed = [...waiting.values()].some(({ since, timeout }) => now - since < timeout);
    const how = crashed ? 'it crashed, and its process hung before it could say where' : null;
    hanging ??= setTimeout(kill, REPORT_MS, how);
  });
  supervisor.on('error', () => {}); // its end is heard of otherwise
  supervisor.unref();

  function keepParent(keep: boolean): void {
    for (const handle of [child, child.channel]) {
      if (keep) handle?.ref();
      else handle?.unref();
    }
  }
  keepParent(false);

  return {
    get pending() {
      return waiting.size;
    },
    async ask(question, timeout) {
      if (dead) return dead;
      const id = nextId++;
      keepParent(true);
      const said = await new Promise<Parameters<Waiting['settle']>[0]>((settle) => {
        const timer = setTimeout(kill, timeout + REPORT_MS, null);
        waiting.set(id, { settle, timer, timeout, since: performance.now() });
        child.send({ id, ...question }, () => {}); // should it fail, its end is told
      });
      clearTimeout(waiting.get(id)!.timer);
      waiting.delete(id);
      if (waiting.size === 0 && !ending) keepParent(false);
      if (!('failure' in said)) return said;
      const { code, message, path } = said.failure;
      throw new FlexilibError(code, message, path === undefined ? {} : { path });
    },
    end() {
      ending ??= (async () => {
        keepParent(true);
        const timer = setTimeout(() => child.kill('SIGKILL'), END_MS);
        if (child.connected) child.disconnect();
        supervisor.destroy();
        await gone;
        clearTimeout(timer);
      })();
      return ending;
    },
  };
}
