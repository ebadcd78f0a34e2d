#!/usr/bin/env node
// `npm run image:base -- DIR`: a base for the stage that builds, of Debian packages, where no registry of images can be reached:
//   npm run image -- --base oci:DIR:base
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { $ } from 'zx';

const [folder, suite = 'trixie'] = process.argv.slice(2);
if (!folder) {
  console.error('usage: npm run image:base -- DIR [SUITE]');
  process.exit(2);
}
const work = mkdtempSync(join(tmpdir(), 'flexilib-base-'));
$.quiet = true; // what failed is in the error
try {
  mkdirSync(folder, { recursive: true });
  const packages = 'base-files,dash,coreutils,findutils,sed,tar,dpkg';
  await $`mmdebstrap --variant=extract --include=${packages} --format=tar ${suite} ${join(work, 'base.tar')}`;
  await $`skopeo copy --insecure-policy tarball:${join(work, 'base.tar')} oci:${folder}:base`;
  console.log(`oci:${folder}:base`);
} catch (error) {
  console.error(`error: ${error.stderr?.trim() || error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true });
}
