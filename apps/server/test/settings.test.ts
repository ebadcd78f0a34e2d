import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { imagesOf, librariesOf, readSettings, type Settings } from '../src/settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'flexilib-settings-'));
afterAll(() => rmSync(folder, { recursive: true }));

function settingsOf(text: string): Promise<Settings> {
  const file = join(folder, 'proxy.ini');
  writeFileSync(file, text);
  return readSettings(file);
}

/** The upstream options of the first route. */
async function optionsOf(text: string) {
  const [{ destination }] = (await settingsOf(text)).routes;
  if (destination.kind !== 'upstream') throw new Error(`it goes to a ${destination.kind}`);
  return destination.spec.options;
}

test('paths are relative to the folder of the file', async () => {
  const { routes } = await settingsOf(`
/a = ./a.so
/b = unix:run/b.sock unix:/run/b.sock
/c = https://c
[/a]
canary = unix:../next.sock
canary_weight = 1%
[/c]
mirror = unix:mirror.sock
tls_ca = tls/ca.pem
tls_certificate = ./client.pem
tls_key = /etc/client.key
`);
  expect(routes[0]).toMatchObject({
    destination: { kind: 'library', library: join(folder, 'a.so') },
    canary: { destination: { spec: { targets: [{ socket: join(folder, '../next.sock') }] } } },
  });
  const sockets = [{ socket: join(folder, 'run/b.sock') }, { socket: '/run/b.sock' }];
  expect(routes[1].destination).toMatchObject({ spec: { targets: sockets } });
  expect(routes[2].destination).toMatchObject({
    spec: {
      targets: [{ socket: null }],
      options: {
        mirror: { socket: join(folder, 'mirror.sock') },
        tls_ca: join(folder, 'tls/ca.pem'),
        tls_certificate: join(folder, 'client.pem'),
        tls_key: '/etc/client.key',
      },
    },
  });
});

test('time limits: the own one, else that of [server], which for an upstream is for the head alone', async () => {
  const text = '/a = ./a.so\n/b = ./b.so\n[/b]\ntimeout = 2s\n';
  const timeouts = async (text: string) =>
    (await settingsOf(text)).routes.map(
      ({ destination }) => destination.kind === 'library' && destination.timeout,
    );
  expect(await timeouts(text)).toEqual([30_000, 2000]);
  expect(await timeouts(`${text}[server]\ntimeout = 7s\n`)).toEqual([7000, 2000]);

  expect(await optionsOf('/ = http://a\n')).toMatchObject({ head_timeout: 30_000, timeout: undefined });
  const own = '/ = http://a\n[/]\nhead_timeout = 1s\ntimeout = 9s\n[server]\ntimeout = 7s\n';
  expect(await optionsOf(own)).toMatchObject({ head_timeout: 1000, timeout: 9000 });
  expect(await optionsOf('/ = http://a\n[server]\ntimeout = 7s\n')).toMatchObject({
    head_timeout: 7000,
    timeout: undefined,
  });
});

test('the largest body: 16 MiB for libraries and any for upstreams, unless [server] or the route says more', async () => {
  const both = async (options: string, server: string) => {
    const text = `/ = http://a\n[/]\n${options}\n[server]\n${server}\n`;
    return [(await settingsOf(text)).maxBody, (await optionsOf(text)).max_body];
  };
  expect(await both('', '')).toEqual([16 << 20, undefined]);
  expect(await both('', 'max_body = 3m')).toEqual([3 << 20, 3 << 20]);
  expect(await both('max_body = 5m', 'max_body = 3m')).toEqual([3 << 20, 5 << 20]);
  expect(await both('max_body = 5m', '')).toEqual([16 << 20, 5 << 20]);
  expect(await both('', 'max_body = 64g')).toEqual([2 ** 30, 64 * 2 ** 30]);
});

test('a spec says what the file does, and nothing of libraries', async () => {
  const { routes } = await settingsOf(`
Host: a /x = http://a weight=2 http://b
[Host: a /x]
balance = cookie-hash id
max_concurrency = 7
canary = ./c.so
canary_weight = 3%
canary_header = X-Canary: 1
run = inline
timeout = 2s
rewrite = ^/x/(.) /$1
`);
  const [{ destination, canary, maxCalls }] = routes;
  if (destination.kind !== 'upstream') throw new Error('no upstream');
  const { options, ...spec } = destination.spec;
  expect(spec).toMatchObject({
    key: 'Host: a /x',
    pathPrefix: '/x',
    targets: [{ weight: 2 }, { weight: 1 }],
  });
  expect(options).toMatchObject({ balance: { kind: 'cookie-hash', name: 'id' }, retries: 2, timeout: 2000 });
  expect(options.rewrite).toEqual([{ pattern: /^\/x\/(.)/u, replacement: '/$1' }]);
  for (const name of ['run', 'canary', 'canary_weight', 'max_concurrency'])
    expect(options).not.toHaveProperty(name);
  expect(canary).toEqual({
    destination: {
      kind: 'library',
      library: join(folder, 'c.so'),
      image: null,
      timeout: 2000,
      run: 'inline',
    },
    weight: 3,
    header: { name: 'X-Canary', value: '1' },
  });
  expect(maxCalls).toBe(7);
});

test('libraries of canaries are known too, and none of upstreams and answers', async () => {
  const { routes } = await settingsOf(`
/a = ./a.so
/b = http://b
/c = return 404
/d = ./a.so
[/a]
canary = http://c
canary_weight = 1%
[/b]
canary = ./b.so
canary_weight = 1%
`);
  expect([...librariesOf(routes)]).toEqual([join(folder, 'a.so'), join(folder, 'b.so')]);
});

test('whom to believe', async () => {
  expect((await settingsOf('/ = ./a.so\n')).trusted).toEqual([]);
  const text = '/ = ./a.so\n[server]\ntrusted_proxies = 10.0.0.0/8 ::1\n';
  expect((await settingsOf(text)).trusted).toEqual(['10.0.0.0/8', '::1']);
});

test('an image is a library in the cache; of several routes the most impatient says how often it is looked for', async () => {
  const { routes, cache } = await settingsOf(`
/a = oci://ghcr.io/acme/api
/b = oci://ghcr.io/acme/api:latest
/c = ./c.so
[/a]
pull_interval = 5s
[/c]
canary = oci://ghcr.io/acme/api:next
canary_weight = 3%
`);
  const place = (tag: string) => join(cache, `refs/ghcr.io/acme/api:${tag}/library.so`);
  const images = imagesOf(routes);
  expect([...images].map(([path, { interval }]) => [path, interval])).toEqual([
    [place('latest'), 5000],
    [place('next'), 60_000],
  ]);
  expect(librariesOf(routes)).toEqual(new Set([place('latest'), join(folder, 'c.so'), place('next')]));
});
