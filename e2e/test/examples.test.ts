import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, text } from '../support/client.ts';
import { type Server, start, stopAll } from '../support/server.ts';

const examples = join(import.meta.dirname, '../../examples');
let server: Server;

beforeAll(async () => {
  server = await start({ file: join(examples, 'proxy.ini') });
});
afterAll(stopAll);

const rust = existsSync(join(examples, 'hello-rust/dist/libhello_rust.so'));
if (!rust) console.log('hello-rust: skipped, cargo is not installed (https://rustup.rs)');

describe('hello', () => {
  it.each([['C', '/hello-c/x'], ['Zig', '/hello-zig/x'], ...(rust ? [['Rust', '/hello-rust/x']] : [])])(
    'answers from %s',
    async (language, path) => {
      const { status, body, headers } = await ask(server.port, path);
      expect(status).toBe(200);
      expect(body.toString()).toMatch(`hello from ${language}`);
      expect(body.toString()).toMatch(path);
      expect(headers['content-type']).toMatch('text/plain');
    },
  );
});

describe('the sample', () => {
  const headers = (count: number) => ` ${count}`;

  it.each<[string, Record<string, string>, number, string]>([
    ['counts headers', {}, 200, headers(2)], // Host and Connection
    ['counts more', { 'x-a': '1', 'x-b': '2' }, 200, headers(4)],
    ['sees the iam host', { host: 'iam' }, 200, 'iam response'],
    ['sees a host that begins with iam', { host: 'iamwho' }, 200, 'iam response'],
    ['sees no iam inside', { host: 'x-iam' }, 200, headers(2)],
    ['logs this', { 'x-log-this': 'V' }, 200, `V${headers(3)}`],
    ['sets the status', { 'x-status': '404' }, 404, headers(3)],
    ['takes a status that is no number as 500', { 'x-status': 'abc' }, 500, headers(3)],
    ['throws after what was written', { 'x-log-this': 'V', 'x-throw': '1' }, 500, 'V'],
    ['throws with the status that was set', { 'x-status': '418', 'x-throw': '1' }, 418, ''],
    ['sleeps', { 'x-slow': '10' }, 200, 'i am slow\n\n'],
  ])('%s', async (_what, fields, status, body) => {
    const response = await ask(server.port, '/', { headers: fields });
    expect([response.status, response.body.toString()]).toEqual([status, body]);
    expect(response.headers['x-custom-foo']).toBe('bar');
  });

  it('sleeps a second when it is not told how long', async () => {
    const begun = performance.now();
    expect(await text(server.port, '/', { headers: { 'x-slow': 'long' } })).toBe('i am slow\n\n');
    expect(performance.now() - begun).toBeGreaterThan(990);
  });

  it('writes what it did to the log', async () => {
    await ask(server.port, '/logged?a=1', { headers: { 'x-slow': '200' } });
    const line = () => server.stdout().find((entry) => entry.includes('/logged'));
    await expect.poll(line).toBeDefined();
    const match =
      /^127\.0\.0\.1:\d+ - - "GET \/logged\?a=1 HTTP\/1\.1" 200 ttfb ([\d.]+)ms 11 ttlb ([\d.]+)ms \(pre-alloc: (\d+), alloc: (\d+)\)$/.exec(
        line() ?? '',
      );
    expect(match, line()).not.toBeNull();
    const [ttfb, ttlb, preAlloc] = match!.slice(1).map(Number);
    expect(ttfb).toBeGreaterThanOrEqual(200);
    expect(ttlb).toBeGreaterThanOrEqual(ttfb);
    expect(preAlloc).toBeGreaterThanOrEqual(8192);
  });
});

it('are configured as the README says', () => {
  const readme = readFileSync(join(examples, '../README.md'), 'utf8');
  expect(readme).toContain(readFileSync(join(examples, 'proxy.ini'), 'utf8'));
});
