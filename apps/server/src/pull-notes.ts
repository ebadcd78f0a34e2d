// What all processes of a server know of pulls: which one asks the registry, and the others serve too.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface PullNotes {
  /** Why the library at this path can't be had; null: nothing is known against it. Never throws. */
  failure(path: string): string | null;
  note(path: string, failure: string | null): void;
}

/** folder: what the processes share; null: this one knows what it noted itself. */
export function createPullNotes(folder: string | null): PullNotes {
  const noted = new Map<string, string>();
  const home = folder && join(folder, 'pulls');
  const fileOf = (path: string) =>
    home && join(home, createHash('sha256').update(path).digest('hex').slice(0, 32));

  return {
    failure(path) {
      const file = fileOf(path);
      if (!file) return noted.get(path) ?? null;
      try {
        return readFileSync(file, 'utf8');
      } catch {
        return noted.get(path) ?? null;
      }
    },
    note(path, failure) {
      if (failure === null) noted.delete(path);
      else noted.set(path, failure);
      const file = fileOf(path);
      if (!file || !home) return;
      try {
        if (failure === null) rmSync(file, { force: true });
        else {
          mkdirSync(home, { recursive: true, mode: 0o700 });
          writeFileSync(`${file}.new`, failure);
          renameSync(`${file}.new`, file);
        }
      } catch {
        // The others wait then until they have waited long enough.
      }
    },
  };
}
