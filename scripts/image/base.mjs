#!/usr/bin/env node
// `npm run image:base -- DIR`: a base for the stage that builds, of Debian packages, where no registry of images can be reached:
//   npm run image -- --base oci:DIR:base
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { $ } from 'zx';
import { run } from '../run.mjs';

const [folder, suite = 'trixie', ...others] = process.argv.slice(2);
if (!folder || folder.startsWith('-') || others.length > 0) {
  console.error('usage: npm run image:base -- DIR [SUITE]');
  process.exit(folder === '--help' ? 0 : 2);
}
const work = mkdtempSync(join(tmpdir(), 'flexilib-base-'));
$.quiet = true; // what failed is in the error
try {
  await run(async () => {
    mkdirSync(folder, { recursive: true });
    const packages = 'base-files,dash,coreutils,findutils,sed,tar,dpkg';
    await $`mmdebstrap --variant=extract --include=${packages} --format=tar ${suite} ${join(work, 'base.tar')}`;
    await $`skopeo copy --insecure-policy tarball:${join(work, 'base.tar')} oci:${folder}:base`;
    console.log(`oci:${folder}:base`);
  });
} finally {
  rmSync(work, { recursive: true });
}
