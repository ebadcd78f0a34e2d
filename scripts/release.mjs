#!/usr/bin/env node
// Publishes the packages of release/packages.mjs: `npm run release`, or `npm run release -- --dry-run` to see all but that.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { $ } from 'zx';
import { pack, problemsOf } from './release/check.mjs';
import { packages, root } from './release/packages.mjs';
import { stage, staging } from './release/stage.mjs';

const { values } = parseArgs({ options: { 'dry-run': { type: 'boolean' } } });
const kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`;
$.cwd = root;

rmSync(staging, { recursive: true, force: true });
const staged = await Promise.all(packages.map(stage)).catch((error) => fail([error.message]));
console.log(`${staged.length} packages in ${staging}:`);
if (!values['dry-run']) fail([...(await changes()), ...(await published())]);
else console.log('  dry run: whether the tree is clean, and the versions new, is not looked at');

const packed = await pack(staged);
const versions = new Map(packed.map(({ name, version }) => [name, version]));
const problems = [];
for (const [i, { name, version, files, size, unpackedSize }] of packed.entries()) {
  console.log(
    `  ${name}@${version}: ${files.length} files, ${kib(size)} packed, ${kib(unpackedSize)} unpacked`,
  );
  for (const { path, size } of files) console.log(`    ${path}  ${kib(size)}`);
  for (const problem of await problemsOf(staged[i], packed[i], versions))
    problems.push(`${name}: ${problem}`);
}
fail(problems);
console.log('publint and arethetypeswrong have nothing to complain of');

if (values['dry-run']) console.log('dry run: nothing is published');
else for (const one of packed) await publish(one);

async function changes() {
  const text = (await $`git status --porcelain`).stdout;
  return text ? [`the working tree has changes; commit them:\n${text.trimEnd()}`] : [];
}

/** A release that broke off can't go on under its version: npm takes none twice. */
async function published() {
  const taken = await Promise.all(
    staged.map(async ({ manifest: { name, version } }) => {
      const { exitCode, stderr } = await $({
        nothrow: true,
        quiet: true,
      })`npm view ${name}@${version} version`;
      if (exitCode === 0) return `${name}@${version} is published already; raise the version`;
      return stderr.includes('E404')
        ? null
        : `npm can't tell whether ${name}@${version} is published: ${stderr.trim()}`;
    }),
  );
  return taken.filter(Boolean);
}

async function publish({ name, version, filename }) {
  const run = $({ stdio: 'inherit', nothrow: true });
  const { exitCode } = await run`npm publish --provenance --access public ${join(staging, filename)}`;
  if (exitCode !== 0) fail([`${name}@${version} isn't published, nor what comes after it`]);
  console.log(`${name}@${version} is published`);
}

function fail(reasons) {
  if (reasons.length === 0) return;
  for (const reason of reasons) console.error(`error: ${reason}`);
  process.exit(1);
}
