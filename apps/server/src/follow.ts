// `--watch`: the configuration is read again when what is in its file changes, as HUP would have it.
import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Supervisor } from '@flexilib/native';
import { createWatcher } from '@flexilib/watcher';
import type { Log } from './log.ts';

export interface FollowOptions {
  file: string;
  /** Of the bytes that this process has read. */
  hash: string;
  log: Log;
  supervisor: Supervisor | null;
  /** The server's run directory. */
  shared: string | null;
  reload(): Promise<void>;
}

export interface Follower {
  /** The file has been read, and held these bytes, good or bad. */
  known(hash: string): void;
  close(): Promise<void>;
}

/**
 * Follows the file. One process does it for all of a server: its supervisor tells the others, and those that are about to start.
 * null: this isn't the one.
 */
export function followConfig(options: FollowOptions): Follower | null {
  const { file, log, supervisor, shared, reload } = options;
  if (supervisor && supervisor.slot > 0) return null;
  // What its predecessor has read, and told of if it was bad: it isn't told again by each successor.
  const note = shared && supervisor && join(shared, 'read');
  const successor = supervisor?.start === 'successor';
  const before = note && successor ? readNote(note) : '';
  const watcher = createWatcher({
    onChange: () => (supervisor ? supervisor.reload() : void reload()),
    onProblem: (_path, text) => log.warn(`${file}: ${text}`),
  });
  let noted = Promise.resolve();

  function known(hash: string): void {
    watcher.known(file, hash);
    if (!note) return;
    noted = noted.then(async () => {
      await writeFile(`${note}.new`, hash);
      await rename(`${note}.new`, note);
    });
    noted = noted.catch(() => {}); // then a successor tells it once more
  }

  watcher.watch(file, before || options.hash);
  if (!before) known(options.hash);
  return {
    known,
    async close() {
      await watcher.close();
      await noted;
    },
  };
}

function readNote(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ''; // its file system is full, or somebody has cleaned up
  }
}
