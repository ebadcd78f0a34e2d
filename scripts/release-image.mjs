#!/usr/bin/env node
// Publishes the image of a commit, signed and attested, and verifies it from where others get it. Both platforms are built, by
// `npm run image`; what is in the registry already is found and left alone, so a run that broke off is simply run again.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openLayout, openRegistry, parseReference } from '@flexilib/oci';
import { $ } from 'zx';
import { forgeOf } from './ci/forge.mjs';
import { provenanceOf } from './provenance.mjs';
import { commitOf } from './release/commit.mjs';
import { root } from './release/packages.mjs';
import { claim, prove } from './release-image/claims.mjs';
import { howToVerify } from './release-image/how.mjs';
import { push, setTags } from './release-image/registry.mjs';
import { signerOf } from './release-image/signer.mjs';
import { run } from './run.mjs';

const help = `Usage: npm run release:image -- REGISTRY/NAME [--tag TAG]... [options]

Builds the image of the commit for linux/amd64 and linux/arm64, pushes it, signs it, attaches its SBOMs (CycloneDX, SPDX)
and its SLSA provenance, verifies all of it from the registry, and then gives it its tags: the commit's seven digits, and TAGs.

  --tag TAG            another tag; it is moved if it is there, unless it is a version's (1.2.3)
  --key KEY            a private key, as \`npm run sign\` takes it; without one, CI's identity signs (keyless)
  --log URL            a transparency log instead of Sigstore's
  --trusted-root FILE  whom verifying believes, instead of Sigstore's
  --dry-run            builds, and says what would be done
`;
const platforms = ['linux/amd64', 'linux/arm64'];

const work = mkdtempSync(join(tmpdir(), 'flexilib-release-'));
try {
  await run(main);
} finally {
  rmSync(work, { recursive: true });
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      tag: { type: 'string', multiple: true, default: [] },
      key: { type: 'string' },
      log: { type: 'string' },
      'trusted-root': { type: 'string' },
      'dry-run': { type: 'boolean', default: false },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return console.log(help);
  if (positionals.length !== 1) throw new Error('into which registry? REGISTRY/NAME; --help has the rest');
  const reference = parseReference(positionals[0]);
  if (reference.tag ?? reference.digest)
    throw new Error('REGISTRY/NAME without a tag: --tag gives more than the commit');
  const forge = forgeOf(process.env);
  const source = await commitOf(forge);
  if (source.changes)
    throw new Error(`the working tree has changes; an image is of a commit:\n${source.changes}`);
  const signer = await signerOf(values, forge);

  const startedOn = new Date();
  await $({ cwd: root, stdio: 'inherit' })`npm run image -- --platform ${platforms.join()} --locked`;
  const layout = openLayout(join(root, 'dist-image'));
  const { descriptor, manifests } = await layout.manifest('latest');
  const { digest } = descriptor;
  const provenance = join(work, 'provenance.json');
  const predicate = provenanceOf({ source, platforms, forge, startedOn, finishedOn: new Date() });
  writeFileSync(provenance, JSON.stringify(predicate));
  const attestations = [
    { type: 'cyclonedx', file: join(root, 'dist-image/sbom.cdx.json') },
    { type: 'spdx', file: join(root, 'dist-image/sbom.spdx.json') },
    { type: 'slsaprovenance1', file: provenance },
  ];
  const tags = [source.short, ...values.tag];
  const registry = openRegistry(reference, { push: true });
  if (values['dry-run']) {
    console.log(
      `${registry.name}@${digest} would be pushed, signed, attested, and tagged ${tags.join(', ')}`,
    );
    return console.log(`its provenance: ${JSON.stringify(predicate, null, 2)}`);
  }

  const there = await push(layout, digest, registry, source.short, values.tag);
  console.log(`${registry.name}@${digest}: ${there ? `there already, as ${source.short}` : 'pushed'}`);
  const claims = [
    { image: `${registry.name}@${digest}`, attestations },
    ...manifests.map(({ digest }) => ({ image: `${registry.name}@${digest}`, attestations: [] })),
  ];
  for (const each of claims) if (!(await claim(each, signer))) console.log(`${each.image}: signed already`);
  for (const each of claims) await prove(each, signer);
  await setTags(registry, digest, tags);
  for (const tag of tags) console.log(`${registry.name}:${tag}`);
  console.log(howToVerify(registry.name, source.short, digest, signer.trust.signer, values));
}
