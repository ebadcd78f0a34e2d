// The history of one library: a text file that all processes of a server append to, a line an entry, one write(2)
// each, so that no lock is needed. Entries that can't be written are remembered by this process alone.
import {
  closeSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { type Entry, entriesOf, fold, format, type Health, parse } from './health.ts';

/** Past this size the file is written anew, with what still matters: libraries may crash now and then for years. */
const SIZE_MAX = 16 << 10;
const UNWRITTEN_MAX = 100;

export interface History {
  health(): Health;
  /** Adds an entry, and gives it. */
  add(kind: Entry['kind'], hash: string, until?: number, count?: number): Entry;
  /** Forgets all builds but this one; all of them without one. */
  forget(but?: string): void;
}

export interface HistoryOptions {
  /** In a folder that is there; null: this process alone knows. */
  file: string | null;
  now(): number;
  onProblem(error: Error): void;
}

export function createHistory({ file, now, onProblem }: HistoryOptions): History {
  let unwritten: Entry[] = [];
  const by = `${process.pid}`;

  function read(): Entry[] {
    let text = '';
    try {
      if (file !== null) text = readFileSync(file, 'latin1');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') onProblem(error as Error);
    }
    return [...parse(text), ...unwritten];
  }

  function append(path: string, entry: Entry): void {
    const fd = openSync(path, 'a', 0o600);
    try {
      const text = `\n${format(entry)}\n`; // a line that was cut off before it stays alone
      if (writeSync(fd, text) < text.length) throw new Error(`${path}: no space left`);
    } finally {
      closeSync(fd);
    }
  }

  function replace(path: string, entries: Entry[]): void {
    if (entries.length === 0) {
      rmSync(path, { force: true });
      return;
    }
    const next = `${path}.${by}`;
    writeFileSync(next, entries.map((entry) => `${format(entry)}\n`).join(''), { mode: 0o600 });
    renameSync(next, path); // an entry that is added meanwhile is lost: a crash goes uncounted
  }

  /** Whether it went well. */
  function attempt(write: (path: string) => void): boolean {
    if (file === null) return false;
    try {
      write(file);
      return true;
    } catch (error) {
      onProblem(error as Error);
      return false;
    }
  }

  function tidy(path: string): void {
    if (statSync(path).size > SIZE_MAX)
      replace(path, entriesOf(fold(parse(readFileSync(path, 'latin1')), now())));
  }

  return {
    health: () => fold(read(), now()),
    add(kind, hash, until = 0, count = 0) {
      const entry = { at: Math.round(now() * 1000) / 1000, by, kind, hash, until, count };
      if (attempt((path) => append(path, entry))) attempt(tidy);
      else unwritten = [...unwritten, entry].slice(-UNWRITTEN_MAX);
      return entry;
    },
    forget(but) {
      const entries = read();
      if (!entries.some(({ hash }) => hash !== but)) return;
      unwritten = unwritten.filter(({ hash }) => hash === but);
      attempt((path) =>
        replace(
          path,
          entries.filter((entry) => entry.hash === but && !unwritten.includes(entry)),
        ),
      );
    },
  };
}
