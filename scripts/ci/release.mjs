#!/usr/bin/env node
// The release's page on the forge, with the signed files of dist-release/. `npm run ci:release`, on a tag. Plain Node: no
// dependency is installed where the token that may write is. A second run adds what is missing.
import { openAsBlob, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { forgeOf, tagsOf } from './forge.mjs';
import { notesOf } from './notes.mjs';

const at = (path) => new URL(`../../${path}`, import.meta.url).pathname;
const { env } = process;
const forge = forgeOf(env);
if (!forge?.tag) throw new Error('this runs in CI, on a tag');
const { version } = JSON.parse(readFileSync(at('apps/server/package.json'), 'utf8'));
tagsOf(forge.tag, version);

const api = `${forge.gitea ? `${forge.server}/api/v1` : env.GITHUB_API_URL}/repos/${forge.name}`;
const folder = at('dist-release');
const files = readdirSync(folder, { recursive: true })
  .map((path) => join(folder, path))
  .filter((path) => statSync(path).isFile());
if (files.length === 0) throw new Error(`${folder} is empty`);

const release =
  (await ask(`${api}/releases/tags/${encodeURIComponent(forge.tag)}`, { missing: true })) ??
  (await ask(`${api}/releases`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      tag_name: forge.tag,
      name: version,
      body: notesOf(readFileSync(at('CHANGELOG.md'), 'utf8'), version),
      prerelease: version.includes('-'),
    }),
  }));
const there = new Set(release.assets.map(({ name }) => name));
for (const file of files) {
  const name = basename(file);
  if (there.has(name)) console.log(`${name}: is there already`);
  else await upload(file, name);
}
console.log(release.html_url);

/** GitHub takes the bytes at an address of their own, Gitea a form. */
async function upload(file, name) {
  const blob = await openAsBlob(file);
  const query = `?name=${encodeURIComponent(name)}`;
  if (forge.gitea) {
    const body = new FormData();
    body.append('attachment', blob, name);
    await ask(`${api}/releases/${release.id}/assets${query}`, { method: 'POST', body });
  } else {
    const headers = { 'content-type': 'application/octet-stream' };
    const url = `${release.upload_url.replace(/\{.*$/, '')}${query}`;
    await ask(url, { method: 'POST', headers, body: blob });
  }
  console.log(`${name}: ${blob.size} bytes`);
}

async function ask(url, { missing, headers, ...init }) {
  const answer = await fetch(url, {
    ...init,
    headers: { authorization: `token ${env.FORGE_TOKEN}`, accept: 'application/json', ...headers },
  });
  if (missing && answer.status === 404) return null;
  if (!answer.ok)
    throw new Error(
      `${init.method ?? 'GET'} ${url}: ${answer.status} ${(await answer.text()).slice(0, 500)}`,
    );
  return answer.json();
}
