import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestContext } from 'vitest';
import { createWatcher, type Watcher, type WatcherOptions } from '../src/index.ts';

export const SETTLE = 100;

export const sha = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');

type Event = { path: string; hash: string; at: number };

/** A folder of its own with a watcher, which write down what is reported; both go when the test ends. */
export type Scene = {
  watcher: Watcher;
  events: Event[];
  problems: string[];
  /** A path in the folder. */
  at(name: string): string;
  /** Writes in place, makes missing directories; gives the content's hash. */
  write(name: string, content: string): string;
  /** Writes another file and renames it over. */
  replace(name: string, content: string): string;
  /** Makes a symlink or atomically swaps one that is there. */
  link(name: string, target: string): void;
  /** The hashes reported, once there are `count` of them and no more have come for a while. */
  hashes(count: number): Promise<string[]>;
  until(what: string, condition: () => boolean): Promise<void>;
};

export function setScene(
  { onTestFinished }: Pick<TestContext, 'onTestFinished'>,
  options: Partial<WatcherOptions> = {},
): Scene {
  const folder = mkdtempSync(join(tmpdir(), 'watcher-'));
  const events: Event[] = [];
  const problems: string[] = [];
  const watcher = createWatcher({
    settle: SETTLE,
    onChange: (path, hash) => events.push({ path, hash, at: performance.now() }),
    onProblem: (_path, message) => problems.push(message),
    ...options,
  });
  onTestFinished(async () => {
    await watcher.close();
    rmSync(folder, { recursive: true });
  });

  const at = (name: string) => join(folder, name);
  const write = (name: string, content: string) => {
    mkdirSync(dirname(at(name)), { recursive: true });
    writeFileSync(at(name), content);
    return sha(content);
  };
  const until = async (what: string, condition: () => boolean) => {
    // Far above what it takes: the machine may be busy with something else.
    for (const end = performance.now() + 10_000; !condition(); await sleep(5)) {
      if (performance.now() > end) throw new Error(`waited 10 s for ${what}`);
    }
  };
  return {
    watcher,
    events,
    problems,
    at,
    write,
    replace(name, content) {
      const hash = write(`${name}.new`, content);
      renameSync(at(`${name}.new`), at(name));
      return hash;
    },
    link(name, target) {
      symlinkSync(target, at(`${name}.new`));
      renameSync(at(`${name}.new`), at(name));
    },
    async hashes(count) {
      await until(`${count} events, got ${events.length}`, () => events.length >= count);
      await sleep(4 * SETTLE);
      return events.map(({ hash }) => hash);
    },
    until,
  };
}
