// Packs the staged packages and looks at what users will get.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { $ } from 'zx';
import { staging } from './stage.mjs';

/** Packs all of them into dist-npm/. Gives npm's descriptions: name, version, filename, size, unpackedSize, files. */
export async function pack(staged) {
  const folders = staged.map(({ folder }) => folder);
  const { stdout } = await $`npm pack --json --ignore-scripts --pack-destination ${staging} ${folders}`;
  return JSON.parse(stdout);
}

/** Everything that is wrong with a packed package, as lines of text. packed: one of pack's. names: of all that are published. */
export async function problemsOf({ manifest }, packed, names) {
  const tarball = readFileSync(join(staging, packed.filename));
  return [...foreign(manifest, names), ...(await lint(tarball)), ...(await types(manifest, tarball))];
}

/** Our own packages are needed in exactly the version that is published with it. */
function foreign({ dependencies, optionalDependencies }, versions) {
  return Object.entries({ ...dependencies, ...optionalDependencies })
    .filter(([name, version]) => /^(@flexilib\/|flexilib$)/.test(name) && versions.get(name) !== version)
    .map(([name, version]) => `it needs ${name}@${version}, which isn't published with it`);
}

async function lint(tarball) {
  const { messages, pkg } = await publint({
    strict: true,
    pack: { tarball: new Uint8Array(tarball).buffer },
  });
  return messages.map((message) => `publint: ${formatMessage(message, pkg, { color: false })}`);
}

async function types(manifest, tarball) {
  if (!manifest.exports && !manifest.types) return [];
  const { problems } = await checkPackage(createPackageFromTarballData(new Uint8Array(tarball)));
  return problems.map((problem) => `arethetypeswrong: ${JSON.stringify(problem)}`);
}
