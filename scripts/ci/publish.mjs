#!/usr/bin/env node
// What CI publishes of a commit: the image, by release:image, and the signatures of the bundles. `npm run ci:publish`. What it
// takes from the environment is in docs/releasing.md. Secrets go on as files that nobody else reads, not as arguments.
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { $ } from 'zx';
import { readJson, root as repository } from '../release/packages.mjs';
import { forgeOf, imageOf, tagsOf } from './forge.mjs';

const { REGISTRY, REGISTRY_USER, REGISTRY_TOKEN, SIGNING_KEY, TRANSPARENCY_LOG, TRUSTED_ROOT, ...env } =
  process.env;
const forge = forgeOf(env);
if (!forge)
  throw new Error('this runs in CI; from a machine of yours it is `npm run release:image -- REGISTRY/NAME`');

const image = imageOf(forge, REGISTRY);
const tags = tagsOf(forge.tag, readJson('apps/server/package.json').version);
const folder = mkdtempSync(join(tmpdir(), 'flexilib-publish-'));
const run = $({ cwd: repository, stdio: 'inherit', env: { ...env, DOCKER_CONFIG: folder } });
try {
  writeSecret('config.json', JSON.stringify(credentials()));
  const signing = [
    ...(SIGNING_KEY ? ['--key', writeSecret('key.pem', SIGNING_KEY)] : []),
    ...(TRANSPARENCY_LOG ? ['--log', TRANSPARENCY_LOG] : []),
  ];
  const root = TRUSTED_ROOT ? ['--trusted-root', writeSecret('trusted-root.json', TRUSTED_ROOT)] : [];
  await run`npm run release:image -- ${image} ${tags.flatMap((tag) => ['--tag', tag])} ${signing} ${root}`;
  await run`npm run sign -- ${signing} ${bundles()}`;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function credentials() {
  if (!REGISTRY_TOKEN) return {};
  const auth = Buffer.from(`${REGISTRY_USER}:${REGISTRY_TOKEN}`).toString('base64');
  return { auths: { [image.split('/')[0]]: { auth } } };
}

function writeSecret(name, text) {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

function bundles() {
  const files = globSync('dist-bundle/*.tar.gz', { cwd: repository });
  if (files.length === 0)
    throw new Error('there is no dist-bundle/*.tar.gz; `npm run bundle -- --all` makes them');
  return files;
}
