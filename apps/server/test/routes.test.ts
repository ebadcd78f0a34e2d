import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { ServedRoute } from '@flexilib/http';
import { createLoader, type Loader, openRunDirectory } from '@flexilib/loader';
import { type Call, type Runtime, startRuntime } from '@flexilib/native';
import { createGroups, type Groups } from '@flexilib/proxy';
import { parseConfig } from '@flexilib/router';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BuiltTable, buildTable } from '../src/routes.ts';
import { settleRoute } from '../src/settle.ts';

const nothing = () => {};
let runtime: Runtime;
let loader: Loader;
let call: Call;
let groups: Groups;

beforeAll(async () => {
  runtime = startRuntime({ threads: 1, arenaReserve: 8192, onLog: nothing, onDamage: nothing });
  loader = createLoader({
    runtime,
    runDirectory: await openRunDirectory(),
    onUnwanted: nothing,
    onSeen: nothing,
    onLoaded: nothing,
    onHealth: nothing,
    onFailed: nothing,
    onProblem: nothing,
  });
  groups = createGroups({ onState: nothing });
  call = runtime.acquireCall();
});
afterAll(() => {
  groups.close();
  runtime.releaseCall(call);
});

function table(text: string, before?: BuiltTable): BuiltTable {
  const { routes, server, errors } = parseConfig(text, 'proxy.ini');
  expect(errors).toEqual([]);
  return buildTable(
    routes.map((route) => settleRoute(route, server, '/etc', '/cache')),
    loader,
    groups,
    before,
  );
}

/** The call with this head. */
function asking(target: string, fields: Record<string, string> = { host: 'example.com' }): Call {
  const bytes = call.ownBytes();
  let at = 0;
  const put = (text: string) => {
    const length = bytes.write(text, at, 'latin1');
    at += length;
    return [at - length, length];
  };
  call.fields.set(Object.entries(fields).flat().flatMap(put));
  const [targetAt, targetLength] = put(target);
  call.setHead(targetAt, 0, targetAt, targetLength, Object.keys(fields).length);
  return call;
}

/** Where a route goes, in a word. */
function place(route: ServedRoute | undefined): string {
  if (route?.kind === 'library') return route.executor.path;
  return route?.kind === 'upstream' ? route.spec.targets[0].url : String(route?.kind);
}

test('each kind of route', () => {
  const { find, groups } = table(`
/a = ./a.so
/b = http://b
/c = return 404
[/a]
timeout = 3s
run = inline
max_concurrency = 4
[/b]
max_concurrency = 5
`);
  expect(find(asking('/a'))).toMatchObject({
    kind: 'library',
    timeout: 3000,
    run: 'inline',
    calls: 0,
    maxCalls: 4,
  });
  const upstream = find(asking('/b'));
  expect(upstream).toMatchObject({ kind: 'upstream', spec: { key: '/b' }, calls: 0, maxCalls: 5 });
  expect([...groups]).toEqual([upstream?.kind === 'upstream' && upstream.group]);
  expect(find(asking('/c'))?.kind).toBe('return');
  expect(find(asking('/d'))).toBeUndefined();
});

test('a reload keeps the groups of routes that are as they were, and executors', () => {
  const text = '/a = ./a.so\n/b = http://b\n/c = http://c\n';
  const before = table(text);
  const after = table(text.replace('http://c', 'http://d'));
  const of = ({ find }: BuiltTable, target: string) => {
    const route = find(asking(target));
    return route?.kind === 'upstream' ? route.group : route?.kind === 'library' && route.executor;
  };
  for (const target of ['/a', '/b']) expect(of(after, target)).toBe(of(before, target));
  expect(of(after, '/c')).not.toBe(of(before, '/c'));
  expect(after.groups).toEqual(new Set([of(after, '/b'), of(after, '/c')]));
});

describe('over a reload', () => {
  const text = `
/a = ./a.so
/b = http://b
/c = return 404
[/a]
max_concurrency = 2
canary = http://c
canary_header = X-Canary
[/b]
max_concurrency = 2
canary = http://b http://b2
canary_header = X-Canary
`;
  const canary = { host: 'a', 'X-Canary': '1' };
  const all = ({ find }: BuiltTable) =>
    ['/a', '/b'].flatMap((target) => [find(asking(target)), find(asking(target, canary))]);

  test('routes that have not changed stay what they are, their calls included', () => {
    const before = table(text);
    const kept = all(before);
    expect(new Set(kept).size).toBe(4);
    const after = table(`/x = ./x.so\n${text}[server]\nport = 1\n`, before);
    for (const [i, route] of all(after).entries()) expect(route).toBe(kept[i]);
    expect(all(table(text, after))[3]).toBe(kept[3]);
  });

  test('the tables of before are let go', async () => {
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    let last = table(text);
    const before = [1, 2, 3].map(() => {
      const ref = new WeakRef(last);
      last = table(text, last);
      return ref;
    });
    const alive = () => {
      collect();
      return before.filter((ref) => ref.deref()).length;
    };
    await expect.poll(alive).toBe(0);
    expect(last.find(asking('/b'))?.kind).toBe('upstream');
  });

  test.each([
    ['max_concurrency = 2', 'max_concurrency = 3', [0, 1, 2, 3]],
    ['[/a]', '[/a]\ntimeout = 5s', [0, 1]],
    ['[/a]', '[/a]\nrun = pool', [0]],
    ['./a.so', './b.so', [0]],
    ['/b = http://b\n', '/b = http://d\n', [2]],
    ['[/b]', '[/b]\nretries = 0', [2, 3]],
    ['http://b2', 'http://b3', [3]],
    ['/a = ./a.so\n', '/a = ./b.so\n/a = ./a.so\n', [0]],
  ])('%s that becomes %s is a change', (from, to, changed) => {
    const before = table(text);
    const kept = all(before);
    const after = all(table(text.replaceAll(from, to), before));
    expect(after.flatMap((route, i) => (route === kept[i] ? [] : [i]))).toEqual(changed);
  });
});

describe('a canary', () => {
  const text = (options: string) => `/ = http://stable\n[/]\ncanary = ./canary.so\n${options}\n`;
  const count = ({ find }: BuiltTable, fields?: Record<string, string>) => {
    let canaries = 0;
    for (let i = 0; i < 20_000; i++) if (place(find(asking('/', fields))) === '/etc/canary.so') canaries += 1;
    return canaries;
  };

  test('has about its share, all or nothing at the ends', () => {
    expect(count(table(text('canary_weight = 0%')))).toBe(0);
    expect(count(table(text('canary_weight = 100%')))).toBe(20_000);
    // 5 % of 20,000 is 1000, the standard deviation 31: ten of them are beyond chance
    expect(Math.abs(count(table(text('canary_weight = 5%'))) - 1000)).toBeLessThan(310);
  });

  test('has the requests with the very value of its header', () => {
    const { find } = table(text('canary_header = X-Canary: always'));
    const to = (fields: Record<string, string>) => place(find(asking('/', fields)));
    for (const name of ['X-Canary', 'x-canary', 'X-CANARY'])
      expect(to({ [name]: 'always' })).toBe('/etc/canary.so');
    for (const value of ['', 'Always', 'alway', 'always!'])
      expect(to({ 'X-Canary': value })).toBe('http://stable');
    expect(to({ 'X-Canar': 'always' })).toBe('http://stable');
    expect(to({ 'X-Canary': 'no', 'x-canary': 'always' })).toBe('/etc/canary.so');
  });

  test('has the requests with any value of its header', () => {
    const { find } = table(text('canary_header = X-Canary'));
    expect(place(find(asking('/', { 'x-canary': '' })))).toBe('/etc/canary.so');
    expect(place(find(asking('/', { 'x-canary': '1' })))).toBe('/etc/canary.so');
    expect(place(find(asking('/', { 'x-canaries': '1' })))).toBe('http://stable');
  });

  test('has by weight what its header leaves', () => {
    const both = table(text('canary_header = X-Canary\ncanary_weight = 50%'));
    expect(count(both, { 'X-Canary': '1' })).toBe(20_000);
    expect(Math.abs(count(both) - 10_000)).toBeLessThan(710);
  });
});

describe('an answer of the configuration', () => {
  const reply = (target: string, answer: string, fields?: Record<string, string>, headOnly = false) => {
    const route = table(`/ = return ${answer}`).find(asking(target, fields));
    if (route?.kind !== 'return') throw new Error('no answer');
    return route.reply(call, headOnly);
  };
  const location = (...of: Parameters<typeof reply>) => /^location: (.*)\r\n/.exec(reply(...of).head)?.[1];

  test('is a text, or the reason phrase', () => {
    const { status, reason, head, body } = reply('/', '200 Grüße');
    expect([status, reason, String(body)]).toEqual([200, 'OK', 'Grüße']);
    expect(head).toBe('content-type: text/plain; charset=utf-8\r\ncontent-length: 7\r\n');
    expect(reply('/', '404')).toMatchObject({ reason: 'Not Found', body: Buffer.from('Not Found\n') });
    expect(reply('/', '422')).toMatchObject({ reason: 'Unprocessable Entity' });
    expect(reply('/', '599')).toMatchObject({ reason: '', body: Buffer.from('599\n') });
  });

  test('has no content where there can be none', () => {
    expect(reply('/', '204')).toMatchObject({ head: '', body: Buffer.alloc(0) });
    expect(reply('/', '304')).toMatchObject({ head: '', body: Buffer.alloc(0) });
    expect(reply('/', '205')).toMatchObject({ head: 'content-length: 0\r\n', body: Buffer.alloc(0) });
    const { head, body } = reply('/', '200 text', undefined, true);
    expect([head, body.length]).toEqual([
      'content-type: text/plain; charset=utf-8\r\ncontent-length: 4\r\n',
      0,
    ]);
  });

  test.each([
    ['/a?b=c', '{uri}', '/a?b=c'],
    ['/a?b=c', '{path}', '/a'],
    ['/a?b?c', '{path}?d', '/a?d'],
    ['http://x.example/a?b', '{uri}', '/a?b'],
    ['http://x.example?b', '{uri}', '/?b'],
    ['http://x.example', '{uri}', '/'],
    ['http://x.example?b', '{path}', '/'],
    ['/a', '/{host}', '/example.com'],
    ['http://x.example:81/a', '/{host}', '/x.example:81'],
    ['http://me@x.example/a', '/{host}', '/x.example'],
    ['//evil.example/', '{uri}', '//evil.example/'],
  ])('of %s makes %s %s', (target, form, made) => {
    expect(location(target, `301 https://e.example${form}`)).toBe(`https://e.example${made}`);
  });

  test('names no host when the request does not', () => {
    expect(location('/a', '301 /x{host}{path}', {})).toBe('/x/a');
  });

  test('never lets what no URL has into the location', () => {
    const every = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join('');
    const got = location(`/${every.replace('?', '')}`, '301 https://e.example{path}', { host: every });
    expect(got).toMatch(/^[\x21-\x7e]+$/);
    expect(got).toContain('%0A%0B%0C%0D');
    expect(location('/', '301 https://{host}/', { host: 'a\r\nb: c' })).toBe('https://a%0D%0Ab:%20c/');
  });
});
