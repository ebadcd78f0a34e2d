import { lstat, readlink } from 'node:fs/promises';
import { join, parse, resolve, sep } from 'node:path';
import { inodeOf } from './look.ts';

/**
 * The way a path takes through the file system: all directories, links and the file that it goes over, each with what
 * tells its replacement, for the links and directories. A point that isn't there is the last.
 */
export type Trail = Map<string, string>;

const MAX_LINKS = 40; // Linux gives up there too

/** Walks `path` from the root, through every link. Never throws: what can't be walked ends the way. */
export async function walk(path: string): Promise<Trail> {
  const points: Trail = new Map();
  const { root } = parse(resolve(path));
  const names = resolve(path).slice(root.length).split(sep);
  let at = root;
  for (let links = 0, name = names.shift(); name !== undefined; name = names.shift()) {
    const point = join(at, name);
    const stats = await lstat(point, { bigint: true }).catch(() => null);
    if (stats?.isSymbolicLink()) {
      const target = await readlink(point).catch(() => '');
      points.set(point, target);
      if (++links > MAX_LINKS) break;
      if (target.startsWith(sep)) at = root;
      names.unshift(...target.split(sep));
    } else if (stats?.isDirectory()) {
      // join() has dealt with '.', '..' and empty names; the root needs no watching.
      if (point !== root) points.set(point, inodeOf(stats));
      at = point;
    } else {
      // Its own replacement is heard as an event like any other, so nothing has to tell it.
      points.set(point, '');
      break;
    }
  }
  return points;
}

/** Whether two walks met the same directories and links. */
export function sameWay(a: Trail, b: Trail): boolean {
  return a.size === b.size && [...a].every(([point, what]) => b.get(point) === what);
}
