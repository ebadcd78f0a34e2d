import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { credentialsFromConfig } from '../src/index.ts';

const before = { ...process.env };
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flexilib-oci-'));
  process.env.DOCKER_CONFIG = folder;
  delete process.env.REGISTRY_AUTH_FILE;
});
afterEach(() => {
  process.env = before;
});

const basic = (text: string) => ({ auth: Buffer.from(text).toString('base64') });
const configure = (config: unknown) => writeFileSync(join(folder, 'config.json'), JSON.stringify(config));

function helper(name: string, script: string): void {
  writeFileSync(join(folder, `docker-credential-${name}`), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  process.env.PATH = `${folder}:${before.PATH}`;
}

it.each([
  ['nothing', {}, null],
  ['the host', { auths: { 'r.io': basic('u:p') } }, { username: 'u', password: 'p' }],
  ['a password with colons', { auths: { 'r.io': basic('u:p:q') } }, { username: 'u', password: 'p:q' }],
  [
    'name and password apart',
    { auths: { 'r.io': { username: 'u', password: 'p' } } },
    { username: 'u', password: 'p' },
  ],
  ['an address', { auths: { 'https://r.io/v1/': basic('u:p') } }, { username: 'u', password: 'p' }],
  ['a token', { auths: { 'r.io': { ...basic('u:'), identitytoken: 't' } } }, { identityToken: 't' }],
  [
    'the most particular',
    { auths: { 'r.io': basic('u:p'), 'r.io/acme': basic('a:p') } },
    { username: 'a', password: 'p' },
  ],
  ['another host', { auths: { 'r.io.example.com': basic('u:p'), io: basic('u:p') } }, null],
  ['a login that a helper has', { auths: { 'r.io': {} } }, null],
])('knows %s', async (_, config, expected) => {
  configure(config);
  expect(await credentialsFromConfig('r.io', 'acme/api')).toEqual(expected);
});

it('knows docker.io by its old name', async () => {
  configure({ auths: { 'https://index.docker.io/v1/': basic('u:p') } });
  expect(await credentialsFromConfig('docker.io', 'acme/api')).toEqual({ username: 'u', password: 'p' });
});

it('prefers REGISTRY_AUTH_FILE, and needs no file', async () => {
  expect(await credentialsFromConfig('r.io', 'a')).toBe(null);
  configure({ auths: { 'r.io': basic('u:p') } });
  process.env.REGISTRY_AUTH_FILE = join(folder, '.dockerconfigjson');
  writeFileSync(process.env.REGISTRY_AUTH_FILE, JSON.stringify({ auths: { 'r.io': basic('k:p') } }));
  expect(await credentialsFromConfig('r.io', 'a')).toEqual({ username: 'k', password: 'p' });
});

it.each([
  ['no JSON', '{"auths":{"r.io":{"auth":"s3cr3t'],
  ['no object', '"s3cr3t"'],
  ['no pair', `{"auths":{"r.io":{"auth":"${Buffer.from('s3cr3t').toString('base64')}"}}}`],
])('tells of a file that is wrong (%s), and not what is in it', async (_, text) => {
  writeFileSync(join(folder, 'config.json'), text);
  const error: Error = await credentialsFromConfig('r.io', 'a').then(
    () => new Error('none'),
    (error) => error,
  );
  expect(error.message).toContain(join(folder, 'config.json'));
  expect(JSON.stringify([error.message, String(error.cause)])).not.toMatch(/s3cr3t|czNjcjN0/);
});

it('asks helpers: one for a registry before the store, each with the name of what it has', async () => {
  helper('one', `read -r r; echo "{\\"Username\\":\\"one $r\\",\\"Secret\\":\\"p\\"}"`);
  helper('all', `read -r r; echo "{\\"Username\\":\\"all $r\\",\\"Secret\\":\\"p\\"}"`);
  configure({ credHelpers: { 'r.io': 'one' }, credsStore: 'all' });
  expect(await credentialsFromConfig('r.io', 'a')).toEqual({ username: 'one r.io', password: 'p' });
  expect(await credentialsFromConfig('s.io', 'a')).toEqual({ username: 'all s.io', password: 'p' });
  expect(await credentialsFromConfig('docker.io', 'a')).toEqual({
    username: 'all https://index.docker.io/v1/',
    password: 'p',
  });
});

it.each([
  ['finds nothing', 'echo "credentials not found in native keychain"; exit 1', null],
  ['has a token', `echo '{"Username":"<token>","Secret":"t"}'`, { identityToken: 't' }],
])('takes it that a helper %s', async (_, script, expected) => {
  helper('x', script);
  configure({ credsStore: 'x' });
  expect(await credentialsFromConfig('r.io', 'a')).toEqual(expected);
});

it.each([
  ['fails', 'echo s3cr3t; echo s3cr3t >&2; exit 3', 'failed (exit status 3)'],
  ['gives no JSON', 'echo s3cr3t', 'gave no JSON'],
  ['gives something else', 'echo null', 'gave no name and secret'],
  ['never ends its answer', 'yes s3cr3t', 'failed'],
])('tells that a helper %s, and not what it said', async (_, script, message) => {
  helper('x', script);
  configure({ credsStore: 'x' });
  const error: Error = await credentialsFromConfig('r.io', 'a').then(
    () => new Error('none'),
    (error) => error,
  );
  expect(error.message).toContain(message);
  expect(error.message).not.toContain('s3cr3t');
});
