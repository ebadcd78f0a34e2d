// Packs the staged packages and looks at what users will get.
import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { $ } from 'zx';
import { readElf } from '../../packages/loader/src/elf.ts';
import { staging } from './stage.mjs';

/** Packs all of them into dist-npm/. Gives npm's descriptions: name, version, filename, size, unpackedSize, files. */
export async function pack(staged) {
  const folders = staged.map(({ folder }) => folder);
  const { stdout } = await $`npm pack --json --ignore-scripts --pack-destination ${staging} ${folders}`;
  return JSON.parse(stdout);
}

/** Everything that is wrong with a packed package, as lines of text. packed: one of pack's. versions: of all, by name. */
export async function problemsOf({ manifest, folder }, packed, versions) {
  const tarball = readFileSync(join(staging, packed.filename));
  return [
    ...foreign(manifest, versions),
    ...(manifest.libc ? await binaries(manifest, folder) : []),
    ...(await lint(tarball)),
    ...(await types(manifest, tarball)),
  ];
}

/** Our own packages are needed in exactly the version that is published with it. */
function foreign({ dependencies, optionalDependencies }, versions) {
  return Object.entries({ ...dependencies, ...optionalDependencies })
    .filter(([name, version]) => /^(@flexilib\/|flexilib$)/.test(name) && versions.get(name) !== version)
    .map(([name, version]) => `it needs ${name}@${version}, which isn't published with it`);
}

/** Those of our native parts that need a C library need the right one, for the right machine. */
async function binaries({ cpu, libc }, folder) {
  const problems = [];
  for (const name of ['libflexilib_runtime.so', 'flexilib-probe']) {
    const file = await open(join(folder, name));
    const { machine, needed } = await readElf(file, (await file.stat()).size);
    await file.close();
    if (machine !== { x64: 62, arm64: 183 }[cpu]) problems.push(`${name} is for machine ${machine}`);
    if (!needed.includes({ glibc: 'libc.so.6', musl: 'libc.so' }[libc]))
      problems.push(`${name} needs ${needed}`);
  }
  return problems;
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
  // ES modules alone: require() of them is Node's to refuse.
  const ours = problems.filter(({ resolutionKind }) => !['node10', 'node16-cjs'].includes(resolutionKind));
  return ours.map((problem) => `arethetypeswrong: ${JSON.stringify(problem)}`);
}
