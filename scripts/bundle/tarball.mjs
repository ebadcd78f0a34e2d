// A .tar.gz that has the same bytes whoever makes it, wherever and whenever.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { gzipSync } from 'node:zlib';

/** ustar: the other formats differ between versions of GNU tar. */
const same = ['--format=ustar', '--sort=name', '--owner=0', '--group=0', '--numeric-owner'];

/** seconds: the time that its files get. Gives the path. */
export function tarball(folder, seconds) {
  const args = [...same, '--mode=u=rwX,go=rX', `--mtime=@${seconds}`, '--create', basename(folder)];
  const env = { ...process.env, LC_ALL: 'C' }; // whose order of names it is
  const tar = execFileSync('tar', args, { cwd: dirname(folder), env, maxBuffer: 1 << 30 });
  const path = `${folder}.tar.gz`;
  writeFileSync(path, gzipSync(tar, { level: 9 })); // by the Node of package-lock.json: gzip's bytes vary by version too
  return path;
}
