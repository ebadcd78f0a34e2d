import { lookup } from 'node:dns/promises';
import { createServer } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { avoidAddress, type Backend, nextAddress } from '../src/index.ts';
import { groupOf, specOf, target } from './spec.ts';

const dns = process.getBuiltinModule('node:dns');

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function backendOf(host: string): { backend: Backend; use: () => void } {
  const { group } = groupOf(specOf([target('http://placeholder.invalid', { host })]));
  const use = () => group.end(group.begin(0, [])!, 'ok');
  return { backend: group.backends[0]!, use };
}

/** Counts the lookups, and answers them in place of the system where the test says so. */
function watchLookups(answer?: () => readonly string[] | Error): { readonly count: number } {
  const seen = { count: 0 };
  const real = dns.lookup;
  vi.spyOn(dns, 'lookup').mockImplementation(((...args: Parameters<typeof real>) => {
    seen.count++;
    if (!answer) return real(...args);
    const result = answer();
    const done = args.at(-1) as unknown as (error: Error | null, found?: { address: string }[]) => void;
    queueMicrotask(() =>
      result instanceof Error
        ? done(result)
        : done(
            null,
            result.map((address) => ({ address })),
          ),
    );
  }) as never);
  return seen;
}

test('a numeric host has its address at once, a Unix socket none, and nothing is looked up', async () => {
  const lookups = watchLookups();
  for (const host of ['127.0.0.1', '::1']) {
    const { backend, use } = backendOf(host);
    expect(backend.addresses).toEqual([host]);
    expect(backend.name).toBe(host === '::1' ? '[::1]:80' : '127.0.0.1:80');
    expect(await backend.resolve()).toEqual([host]);
    use();
    expect(nextAddress(backend)).toBe(host);
  }
  const { group } = groupOf(specOf([target('http://localhost', { socket: '/run/a.sock', port: 0 })]));
  const [socket] = group.backends as [Backend];
  expect(socket.name).toBe('unix:/run/a.sock');
  expect(await socket.resolve()).toEqual([]);
  expect(nextAddress(socket)).toBe('');
  expect(lookups.count).toBe(0);
});

test('localhost has the addresses that the system gives, in its order, and a server is there', async () => {
  watchLookups();
  const { backend } = backendOf('localhost');
  expect(backend.addresses).toEqual([]);
  expect(nextAddress(backend)).toBe('');
  const expected = (await lookup('localhost', { all: true, order: 'verbatim' })).map(
    ({ address }) => address,
  );
  expect(await backend.resolve()).toEqual([...new Set(expected)]);
  expect(backend.addresses).toEqual([...new Set(expected)]);
  expect(dns.lookup).toHaveBeenCalledWith(
    'localhost',
    { all: true, order: 'verbatim' },
    expect.any(Function),
  );
  const server = createServer().listen(0, nextAddress(backend));
  await new Promise((resolve) => server.once('listening', resolve));
  await new Promise((resolve) => server.close(resolve));
});

test('a name that there is not rejects, and is not asked for again at once', async () => {
  const { backend } = backendOf('no.invalid');
  const lookups = watchLookups();
  await expect(backend.resolve()).rejects.toMatchObject({ syscall: 'getaddrinfo' });
  await expect(backend.resolve()).rejects.toMatchObject({ syscall: 'getaddrinfo' });
  expect(lookups.count).toBe(1);
  expect(backend.addresses).toEqual([]);
});

test('a name without an address is asked for again after a second', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  let answer: readonly string[] | Error = new Error('not yet');
  const lookups = watchLookups(() => answer);
  const { backend } = backendOf('a.example');
  await expect(backend.resolve()).rejects.toThrow('not yet');
  answer = ['10.0.0.9'];
  vi.advanceTimersByTime(999);
  await expect(backend.resolve()).rejects.toThrow('not yet');
  vi.advanceTimersByTime(1);
  expect(await backend.resolve()).toEqual(['10.0.0.9']);
  expect(lookups.count).toBe(2);
});

test('all that wait for a name share one lookup', async () => {
  const lookups = watchLookups();
  const { backend } = backendOf('localhost');
  const all = await Promise.all(Array.from({ length: 20 }, () => backend.resolve()));
  expect(new Set(all).size).toBe(1);
  expect(lookups.count).toBe(1);
});

test('addresses are renewed every ten seconds of use, and kept when that fails', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  let answer: readonly string[] | Error = ['10.0.0.1', '10.0.0.2', '10.0.0.1'];
  const lookups = watchLookups(() => answer);
  const { backend, use } = backendOf('a.example');
  use(); // begins the first lookup
  expect(await backend.resolve()).toEqual(['10.0.0.1', '10.0.0.2']);

  answer = ['10.0.0.3'];
  vi.advanceTimersByTime(9999);
  use();
  expect(lookups.count).toBe(1);
  vi.advanceTimersByTime(1);
  use();
  use();
  await vi.waitFor(() => expect(backend.addresses).toEqual(['10.0.0.3']));
  expect(lookups.count).toBe(2);

  answer = new Error('no name server');
  vi.advanceTimersByTime(10_000);
  use();
  await new Promise(setImmediate);
  expect(lookups.count).toBe(3);
  expect(backend.addresses).toEqual(['10.0.0.3']);
  expect(await backend.resolve()).toEqual(['10.0.0.3']);
  use();
  expect(lookups.count).toBe(3);

  // Idle for an hour: nothing runs.
  vi.advanceTimersByTime(3_600_000);
  await new Promise(setImmediate);
  expect(lookups.count).toBe(3);
});

test('who waits for a lookup waits five seconds, and there is no second one meanwhile', async () => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
  let finish: ((error: null, found: { address: string }[]) => void) | undefined;
  let count = 0;
  vi.spyOn(dns, 'lookup').mockImplementation(((...args: unknown[]) => {
    count++;
    finish = args.at(-1) as typeof finish;
  }) as never);
  const { backend } = backendOf('slow.example');
  for (let i = 0; i < 3; i++) {
    const failed = expect(backend.resolve()).rejects.toThrow('slow.example was not resolved within 5 s');
    vi.advanceTimersByTime(5000);
    await failed;
  }
  expect(count).toBe(1);
  finish!(null, [{ address: '10.0.0.1' }]);
  expect(await backend.resolve()).toEqual(['10.0.0.1']);
  expect(vi.getTimerCount()).toBe(0);
});

test('connections go to all addresses in turn, and not to one that has just refused', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  watchLookups(() => ['::1', '10.0.0.1', '10.0.0.2']);
  const { backend } = backendOf('a.example');
  await backend.resolve();
  const next = (count: number) => Array.from({ length: count }, () => nextAddress(backend));
  expect(next(6)).toEqual(['::1', '10.0.0.1', '10.0.0.2', '::1', '10.0.0.1', '10.0.0.2']);
  avoidAddress(backend, '::1');
  expect(next(4)).not.toContain('::1');
  expect(new Set(next(4))).toEqual(new Set(['10.0.0.1', '10.0.0.2']));
  avoidAddress(backend, '10.0.0.1');
  avoidAddress(backend, '10.0.0.2');
  expect(new Set(next(3))).toEqual(new Set(backend.addresses));
  vi.advanceTimersByTime(10_000);
  expect(new Set(next(3))).toEqual(new Set(backend.addresses));
});
