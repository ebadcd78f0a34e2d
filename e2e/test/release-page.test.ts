// The release's page, made by scripts/ci/release.mjs on stand-ins of GitHub's and Gitea's interfaces.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { temporaryFolder } from '../support/server.ts';

interface Asked {
  readonly line: string;
  readonly authorization: string | undefined;
  readonly body: string;
}
const root = join(import.meta.dirname, '../..');
const asked: Asked[] = [];
const assets: { name: string }[] = [];
let released = false;

const forge = createServer(async (request, answer) => {
  const { method, url } = request;
  const line = `${method} ${url}`;
  asked.push({ line, authorization: request.headers.authorization, body: await bodyOf(request) });
  const asset = /^POST .*assets\?name=(.*)$/.exec(line)?.[1];
  if (asset) assets.push({ name: decodeURIComponent(asset) });
  else if (method === 'POST') released = true;
  answer.statusCode = released ? 200 : 404;
  const upload_url = `${address()}/uploads/7/assets{?name,label}`;
  answer.end(JSON.stringify({ id: 7, assets, upload_url, html_url: 'https://forge.example/releases/7' }));
});
forge.listen(0, '127.0.0.1');
await once(forge, 'listening');
const address = (): string => `http://127.0.0.1:${(forge.address() as AddressInfo).port}`;

afterEach(() => {
  asked.length = 0;
  assets.length = 0;
  released = false;
});

test('GitHub: the page says what CHANGELOG.md says of the version, and has the files', async () => {
  expect(await release({ GITHUB_API_URL: `${address()}/api` })).toContain('https://forge.example/releases/7');
  expect(asked.map(({ line }) => line)).toEqual([
    'GET /api/repos/acme/flexilib/releases/tags/v1.2.3',
    'POST /api/repos/acme/flexilib/releases',
    'POST /uploads/7/assets?name=a.tar.gz',
    'POST /uploads/7/assets?name=a.tar.gz.sigstore.json',
  ]);
  expect(new Set(asked.map(({ authorization }) => authorization))).toEqual(new Set(['token secret']));
  expect(JSON.parse(asked[1]?.body ?? '')).toEqual({
    tag_name: 'v1.2.3',
    name: '1.2.3',
    body: '### Added\n\n- wings',
    prerelease: false,
  });
  expect(asked[2]?.body).toBe('bytes');
});

test('Gitea: its own addresses, a file as a form', async () => {
  await release({ GITEA_ACTIONS: 'true' });
  expect(asked.map(({ line }) => line)).toEqual([
    'GET /api/v1/repos/acme/flexilib/releases/tags/v1.2.3',
    'POST /api/v1/repos/acme/flexilib/releases',
    'POST /api/v1/repos/acme/flexilib/releases/7/assets?name=a.tar.gz',
    'POST /api/v1/repos/acme/flexilib/releases/7/assets?name=a.tar.gz.sigstore.json',
  ]);
  expect(asked[2]?.body).toMatch(/name="attachment"; filename="a.tar.gz".*\r\n\r\nbytes\r\n/s);
});

test('a second run adds what is missing', async () => {
  released = true;
  assets.push({ name: 'a.tar.gz' });
  expect(await release({ GITEA_ACTIONS: 'true' })).toContain('a.tar.gz: is there already');
  expect(asked.map(({ line }) => line)).toEqual([
    'GET /api/v1/repos/acme/flexilib/releases/tags/v1.2.3',
    'POST /api/v1/repos/acme/flexilib/releases/7/assets?name=a.tar.gz.sigstore.json',
  ]);
});

test('a tag that is not the version releases nothing', async () => {
  await expect(release({ GITEA_ACTIONS: 'true', GITHUB_REF: 'refs/tags/v1.2.4' })).rejects.toThrow(
    'the tag is v1.2.4, but apps/server/package.json has 1.2.3',
  );
  expect(asked).toEqual([]);
});

/** Runs it in a copy of the repository that has what it reads. Gives what it says. */
async function release(env: Record<string, string>): Promise<string> {
  const folder = temporaryFolder();
  cpSync(join(root, 'scripts/ci'), join(folder, 'scripts/ci'), { recursive: true });
  const files = {
    'apps/server/package.json': JSON.stringify({ version: '1.2.3' }),
    'CHANGELOG.md':
      '# Changelog\n\n## Unreleased\n\n## 1.2.3 - 2026-11-26\n\n### Added\n\n- wings\n\n## 1.2.2\n\n- none\n',
    'dist-release/dist-bundle/a.tar.gz': 'bytes',
    'dist-release/dist-bundle/a.tar.gz.sigstore.json': '{}',
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const command = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts['ci:release'];
  const { stdout } = await promisify(execFile)('sh', ['-c', command], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      GITHUB_ACTIONS: 'true',
      GITHUB_SERVER_URL: address(),
      GITHUB_REPOSITORY: 'acme/flexilib',
      GITHUB_REF: 'refs/tags/v1.2.3',
      GITHUB_RUN_ID: '1',
      FORGE_TOKEN: 'secret',
      ...env,
    },
  });
  return stdout;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const part of request.setEncoding('utf8')) body += part;
  return body;
}
