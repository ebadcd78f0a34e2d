// What is built: the commit, its time, the version.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { $ } from 'zx';

const root = join(import.meta.dirname, '../..');
const readJson = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));

/** Gives the labels of the image, the commit's time as `created` (ISO 8601) and its `short` name; `-dirty` if there are changes. */
export async function describe() {
  const git = async (...args) => (await $({ cwd: root })`git ${args}`).stdout.trim();
  const [revision, short, seconds] = (await git('log', '-1', '--format=%H %h %ct')).split(' ');
  const dirty = (await git('status', '--porcelain')) ? '-dirty' : '';
  const created = new Date(Number(seconds) * 1000).toISOString().replace('.000', '');
  const { version } = readJson('apps/server/package.json');
  const source = readJson('package.json').repository.url.replace(/^git\+|\.git$/g, '');
  const labels = { created, revision: revision + dirty, source, version };
  const named = Object.entries(labels).map(([key, value]) => [`org.opencontainers.image.${key}`, value]);
  return { labels: Object.fromEntries(named), created, short: short + dirty, version };
}
