import { existsSync, fstatSync, type Stats } from 'node:fs';
import { basename, relative, sep } from 'node:path';
import { watch } from 'chokidar';

/** What builds, editors and other tools write, and nobody compiles. cargo makes its target under another name first. */
const folders = /^(?:node_modules|target\w{0,6}|dist|zig-out|zig-pkg|build)$/;
const litter = /^\.|~$|\.(?:sw[opx]|tmp|orig|rej|log|o|a|so|d)$|^4913$/;
/** A file that is gone again after this time was never a source: editors write beside and rename. */
const STAY_MS = 15;

export interface Sources {
  close(): Promise<void>;
}

/** Hears of files that were written, made or removed in a project's folder. Settles once it listens. */
export async function watchSources(folder: string, onChange: (file: string) => void): Promise<Sources> {
  const known = new Set<string>();
  let ready = false;
  const tell = (path: string) => onChange(relative(folder, path).split(sep).join('/'));
  const watcher = watch(folder, {
    ignored(path, stats) {
      if (path === folder) return false;
      const name = basename(path);
      return stats?.isFile() ? litter.test(name) || isOurs(stats) : litter.test(name) || folders.test(name);
    },
  });
  watcher.on('change', tell);
  watcher.on('add', (path) => {
    if (!ready) {
      known.add(path);
      return;
    }
    setTimeout(() => {
      if (!existsSync(path)) return;
      known.add(path);
      tell(path);
    }, STAY_MS);
  });
  watcher.on('unlink', (path) => {
    if (known.delete(path)) tell(path);
  });
  await new Promise<void>((resolve, reject) => watcher.once('ready', resolve).once('error', reject));
  ready = true;
  return watcher;
}

/** `npm run dev > out.txt`: what this process writes is no change. */
function isOurs({ dev, ino }: Stats): boolean {
  return [1, 2].some((fd) => {
    const stream = fstatSync(fd);
    return stream.dev === dev && stream.ino === ino;
  });
}
