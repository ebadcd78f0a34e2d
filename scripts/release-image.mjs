#!/usr/bin/env node
// Publishes the image of a commit, signed and attested, and verifies it from where others get it. Both platforms are built, by
// `npm run image`; what is in the registry already is found and left alone, so a run that broke off is simply run again.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openLayout, openRegistry, parseReference } from '@flexilib/oci';
import { $ } from 'zx';
import { forgeOf } from './ci/forge.mjs';
import { provenanceOf } from './provenance.mjs';
import { commitOf } from './release/commit.mjs';
import { root } from './release/packages.mjs';
import { attestations, images } from './release-image/claims.mjs';
import { howTo } from './release-image/how.mjs';
import { check, pullBack, push, tag } from './release-image/registry.mjs';
import { prove, signer } from './release-image/sign.mjs';

const help = `Usage: npm run release:image -- REGISTRY/NAME [--tag TAG]... [options]

Builds the image of the commit for linux/amd64 and linux/arm64, pushes it, signs it, attaches its SBOMs (CycloneDX, SPDX)
and its SLSA provenance, verifies all of it from the registry, and then gives it its tags: the commit's seven digits, and TAGs.

  --tag TAG            another tag; it is moved if it is there
  --key KEY            a private key, as \`npm run sign\` takes it; without one, CI's identity signs (keyless)
  --log URL            a transparency log instead of Sigstore's
  --trusted-root FILE  whom verifying believes, instead of Sigstore's
  --dry-run            builds, and says what would be done
`;
const platforms = ['linux/amd64', 'linux/arm64'];

try {
  await main();
} catch (error) {
  console.error(`error: ${error.stderr?.trim() || error.message}`);
  process.exitCode = 1;
}
