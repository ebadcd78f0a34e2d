import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Executor, type LoadOptions, load } from '../src/index.ts';
import { buildExecutor } from './build.ts';

let library: string;
beforeAll(() => {
  library = buildExecutor();
});

describe.each<[string, LoadOptions]>([
  ['in a process of its own', {}],
  ['in this process', { isolate: false }],
])('a library %s', (_, options) => {
  let exec: Executor;
  beforeAll(async () => {
    exec = await load(library, options);
  });
  afterAll(() => exec.close());
  const text = async (...args: Parameters<Executor['fetch']>) => (await exec.fetch(...args)).text();

  it('is asked for a path as it is written', async () => {
    expect(await text('/a/../b?c=%20d&e')).toBe('GET /a/../b?c=%20d&e\nhost:localhost\n');
    expect(await text('/ä b#part')).toMatch(/^GET \/%C3%A4%20b\n/);
    expect(await text('*', { method: 'OPTIONS' })).toMatch(/^OPTIONS \*\n/);
  });

  it('is asked by a URL and by a Request, whose host is sent', async () => {
    expect(await text(new URL('http://example.org:81/a?b'))).toBe('GET /a?b\nhost:example.org:81\n');
    const request = new Request('https://example.org/x', {
      method: 'PUT',
      headers: { 'X-Name': 'bob' },
      body: 'a',
    });
    expect((await text(request)).split('\n')).toEqual([
      'PUT /x',
      'host:example.org',
      'content-type:text/plain;charset=UTF-8',
      'x-name:bob',
      'content-length:1',
      '',
    ]);
  });

  it('gets the header fields of pairs in their order, with duplicates and their case', async () => {
    const headers: [string, string][] = [
      ['X-B', ' 2 '],
      ['x-a', '1'],
      ['X-b', ''],
      ['HOST', 'iam'],
    ];
    expect(await text('/', { headers })).toBe('GET /\nX-B:2\nx-a:1\nX-b:\nHOST:iam\n');
    expect(await text('/', { headers: { 'X-Name': 'ä' } })).toBe(
      'GET /\nhost:localhost\nX-Name:\xe4\n'.replace('\xe4', '�'),
    );
    await expect(text('/', { headers: { 'a b': 'x' } })).rejects.toThrow(TypeError);
  });

  it('gets any body, and its type', async () => {
    const form = new URLSearchParams({ a: '1', b: 'ü' });
    expect(await text('/echo', { body: form })).toBe('a=1&b=%C3%BC');
    expect(await text('/', { body: form })).toMatch(
      /^POST \/\n.*\ncontent-type:application\/x-www-form-urlencoded;charset=UTF-8\ncontent-length:12\n$/,
    );
    const data = new FormData();
    data.set('name', 'bob');
    expect(await text('/echo', { body: data })).toMatch(/name="name"\r\n\r\nbob\r\n/);
    const stream = new Blob(['from ', 'a stream']).stream();
    expect(await text('/echo', { method: 'GET', body: stream })).toBe('from a stream');
    expect(await text('/echo', { body: new Uint8Array([65, 66]).buffer })).toBe('AB');
  });

  it('takes and gives a megabyte, byte for byte', async () => {
    const bytes = new Uint8Array(1 << 20).map((_, i) => (i * 7919) >> 3);
    const answer = await exec.fetch('/echo', { body: bytes });
    expect(Buffer.compare(new Uint8Array(await answer.arrayBuffer()), bytes)).toBe(0);
    expect(answer.headers.get('content-length')).toBe(`${1 << 20}`);
  });

  it('answers with all its header fields', async () => {
    const response = await exec.fetch('/cookies');
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(response.headers.get('content-type')).toBe('text/plain');
    expect(response.fields.map(([name]) => name)).toEqual([
      'Set-Cookie',
      'X-Between',
      'Set-Cookie',
      'content-type',
      'content-length',
    ]);
  });

  it.each([
    [404, 'Not Found', 'text', false],
    [204, 'No Content', '', true],
    [205, 'Reset Content', '', true],
    [304, 'Not Modified', '', false],
    [700, 'Unknown', 'text', false],
  ])('answers with status %i', async (status, reason, body, ok) => {
    const response = await exec.fetch(`/status?${status}`);
    expect([response.status, response.statusText, response.ok]).toEqual([status, reason, ok]);
    expect(await response.text()).toBe(body);
  });

  it('sends no body to HEAD, and says how long it were', async () => {
    const response = await exec.fetch('/status?200', { method: 'HEAD' });
    expect([response.headers.get('content-length'), await response.text()]).toEqual(['4', '']);
  });

  it('tells memory and time', async () => {
    const response = await exec.fetch('/wait');
    expect(response.time).toBeGreaterThan(199);
    expect(response.time).toBeLessThan(1000);
    expect(response.allocated).toBeGreaterThan(256);
    expect(response.allocated).toBeLessThan(2048);
  });

  it('has the deadline that it was loaded with', async () => {
    const left = Number(await text('/remaining'));
    expect(left).toBeGreaterThan(4000);
    expect(left).toBeLessThanOrEqual(5000);
  });

  it('has its lines kept', async () => {
    const before = exec.logs.length;
    await text('/log', { body: 'abc' });
    expect(exec.logs.slice(before)).toEqual([{ level: 'info', text: '3 bytes came' }]);
  });

  it.each([
    ['a target over 8 KiB', `/${'a'.repeat(8192)}`, {}, '414'],
    ['101 fields', '/', { headers: Array.from({ length: 101 }, (): [string, string] => ['a', 'b']) }, '431'],
    ['fields over 16 KiB', '/', { headers: { a: 'b'.repeat(16384) } }, '431'],
    ['no method', '/', { method: 'A B' }, 'no method'],
  ])('is not asked with %s', async (_, path, options, why) => {
    await expect(exec.fetch(path, options)).rejects.toMatchObject({
      code: 'FL_CALL_REQUEST',
      message: expect.stringContaining(why),
    });
  });
});

describe('threads', () => {
  it('are one by default: a call after the other', async () => {
    await using exec = await load(library);
    const begun = performance.now();
    await Promise.all([exec.fetch('/wait'), exec.fetch('/wait')]);
    expect(performance.now() - begun).toBeGreaterThan(400);
  });

  it('are calls at a time', async () => {
    await using exec = await load(library, { threads: 4 });
    const begun = performance.now();
    await Promise.all(Array.from({ length: 4 }, () => exec.fetch('/wait')));
    expect(performance.now() - begun).toBeLessThan(600);
  });
});

describe('the end', () => {
  it('comes after the calls that are under way, and is the process’s too', async () => {
    const exec = await load(library);
    const pid = Number(await (await exec.fetch('/pid')).text());
    const late = exec.fetch('/wait');
    await new Promise(setImmediate);
    await exec.close();
    expect((await late).status).toBe(200);
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    await expect(exec.fetch('/')).rejects.toMatchObject({ code: 'FL_CALL_REQUEST' });
  });

  it('without isolation, a library is loaded once at a time', async () => {
    const exec = await load(library, { isolate: false });
    await expect(load(library, { isolate: false })).rejects.toMatchObject({ code: 'FL_USAGE' });
    await exec.close();
    await (await load(library, { isolate: false })).close();
  });
});
