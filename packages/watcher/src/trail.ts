import { lstat, readlink } from 'node:fs/promises';
import { join, parse, resolve, sep } from 'node:path';
import { idOf, inodeOf } from './look.ts';

/**
 * The way a path takes through the file system. `points` are all directories, links and the file it goes over, each
 * with what tells a replacement; a point that isn't there ends the way. `id` is the file's (see look.ts), '' for none.
 */
export type Trail = { points: Map<string, string>; id: string };

const MAX_LINKS = 40; // Linux gives up there too

/** Walks `path` from the root, through every link. Never throws: what can't be walked ends the way. */
export async function walk(path: string): Promise<Trail> {
  const points = new Map<string, string>();
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
      // The file's own replacement is an event like any other, so nothing has to tell it.
      points.set(point, stats ? 'file' : 'missing');
      return { points, id: stats?.isFile() && names.length === 0 ? idOf(stats) : '' };
    }
  }
  return { points, id: '' };
}

/** Whether two walks met the same directories and links. */
export function sameWay(a: Trail['points'], b: Trail['points']): boolean {
  return a.size === b.size && [...a].every(([point, what]) => b.get(point) === what);
}
