#!/usr/bin/env node
// What CI publishes of a commit: the image, by release:image, and the signatures of the bundles. `npm run ci:publish`. What it
// takes from the environment is in docs/releasing.md. Secrets go on as files that nobody else reads, not as arguments.
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { $ } from 'zx';
import { readJson, root } from '../release/packages.mjs';
import { forgeOf, imageOf, tagsOf } from './forge.mjs';

const { REGISTRY, REGISTRY_USER, REGISTRY_TOKEN, SIGNING_KEY, TRANSPARENCY_LOG, TRUSTED_ROOT, ...env } =
  process.env;
const folder = mkdtempSync(join(tmpdir(), 'flexilib-publish-'));
try {
  await publish();
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function publish() {
  const forge = forgeOf(env);
  if (!forge)
    throw new Error(
      'this runs in CI; from a machine of yours it is `npm run release:image -- REGISTRY/NAME`',
    );
  const image = imageOf(forge, REGISTRY);
  const tags = tagsOf(forge.tag, readJson('apps/server/package.json').version);
  const files = globSync('dist-bundle/*.tar.gz', { cwd: root });
  if (files.length === 0)
    throw new Error('there is no dist-bundle/*.tar.gz; `npm run bundle -- --all` makes them');

  writeSecret('config.json', JSON.stringify(credentials(image)));
  const sign = [
    ...(SIGNING_KEY ? ['--key', writeSecret('key.pem', SIGNING_KEY)] : []),
    ...(TRANSPARENCY_LOG ? ['--log', TRANSPARENCY_LOG] : []),
  ];
  const trust = TRUSTED_ROOT ? ['--trusted-root', writeSecret('trusted-root.json', TRUSTED_ROOT)] : [];
  const run = $({ cwd: root, stdio: 'inherit', env: { ...env, DOCKER_CONFIG: folder } });
  await run`npm run release:image -- ${image} ${tags.flatMap((tag) => ['--tag', tag])} ${sign} ${trust}`;
  await run`npm run sign -- ${sign} ${files}`;
}

function credentials(image) {
  if (!REGISTRY_TOKEN) return {};
  const auth = Buffer.from(`${REGISTRY_USER}:${REGISTRY_TOKEN}`).toString('base64');
  return { auths: { [image.split('/')[0]]: { auth } } };
}

function writeSecret(name, text) {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}
