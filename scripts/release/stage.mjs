// Puts a package into dist-npm/ as npm gets it.
import { cpSync, globSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { $ } from 'zx';
import { readJson, root } from './packages.mjs';

export const staging = join(root, 'dist-npm');

/** Fields of a package.json that mean the same in the repository and out of it. */
const kept = ['name', 'version', 'description', 'license', 'type', 'engines', 'bin'];

/** Takes an entry of packages.mjs; gives its manifest, and the folder. Throws an Error that says what is missing. */
export async function stage({ from, in: place = from, files, manifest, readme }) {
  const own = readJson(`${from}/package.json`);
  const { repository } = readJson('package.json');
  const fields = {
    ...Object.fromEntries(kept.filter((key) => own[key]).map((key) => [key, own[key]])),
    repository: { ...repository, directory: from },
    ...manifest,
    files,
  };
  const folder = join(staging, fields.name.replace('/', '-').replace('@', ''));
  for (const file of await filesOf(join(root, place), files))
    cpSync(join(root, place, file), join(folder, file));
  cpSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  writeFileSync(join(folder, 'README.md'), readme ?? readFileSync(join(root, from, 'README.md')));
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(fields, null, 2)}\n`);
  return { manifest: fields, folder };
}

async function filesOf(place, globs) {
  const found = [];
  for (const glob of globs) {
    const paths = globSync(glob, { cwd: place });
    if (paths.length === 0)
      throw new Error(`${join(place, glob)} is missing; \`npm run prerelease\` builds it`);
    for (const path of paths) {
      if (!statSync(join(place, path)).isDirectory()) found.push(path);
      else found.push(...(await filesIn(place, path)));
    }
  }
  return found;
}

/** What git knows of it, or if it was built, all. */
async function filesIn(place, folder) {
  const known = (
    await $({ cwd: place })`git ls-files --cached --others --exclude-standard ${folder}`
  ).lines();
  if (known.length > 0) return known;
  return readdirSync(join(place, folder), { recursive: true })
    .map((path) => join(folder, path))
    .filter((path) => !statSync(join(place, path)).isDirectory());
}
