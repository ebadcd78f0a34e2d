import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openListener } from '../src/index.ts';

describe('openListener', () => {
  it.each([
    ['localhost', /^(127\.0\.0\.1|\[::1\]):\d+$/],
    ['127.0.0.1', /^127\.0\.0\.1:\d+$/],
    ['::1', /^\[::1\]:\d+$/],
    ['::', /^\[::\]:\d+$/],
  ])('listens on %s', async (host, address) => {
    const listener = await openListener(host, 0);
    expect(listener.address).toMatch(address);
    expect(listener.address.endsWith(`:${listener.port}`)).toBe(true);
    expect(listener.port).toBeGreaterThan(0);
    closeSync(listener.fd);
  });

  it.each([
    ['192.0.2.1', 'EADDRNOTAVAIL'],
    ['no..such.host', 'ENOTFOUND'], // without asking a name server, which may not be there
  ])('rejects when it can’t listen on %s', async (host, code) => {
    await expect(openListener(host, 0)).rejects.toMatchObject({ code });
  });
});

describe('inheritedListeners', () => {
  /** In a process that has the listener's descriptor as 3, as a service manager starts it. */
  async function inherit(at: string | 0, pid: string): Promise<unknown> {
    const server = createServer().listen(at === 0 ? { port: 0, host: '127.0.0.1' } : { path: at });
    await new Promise((resolve) => server.once('listening', resolve));
    const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
    const index = join(import.meta.dirname, '../src/index.ts');
    const script = `process.env.LISTEN_PID = ${pid};
      const { inheritedListeners } = await import(${JSON.stringify(index)});
      console.log(JSON.stringify([inheritedListeners(), process.env.LISTEN_FDS ?? null]));`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...process.env, LISTEN_FDS: '1' },
      stdio: ['ignore', 'pipe', 'pipe', fd],
      encoding: 'utf8',
    });
    server.close();
    return stdout ? JSON.parse(stdout) : stderr;
  }

  it('takes what was opened for this process', async () => {
    const [[listener], left] = (await inherit(0, 'String(process.pid)')) as [[{ address: string }], null];
    expect(listener).toMatchObject({ fd: 3, address: expect.stringMatching(/^127\.0\.0\.1:\d+$/) });
    expect(left).toBe(null);
    const path = join(mkdtempSync(join(tmpdir(), 'flexilib-native-')), 'socket');
    expect(await inherit(path, 'String(process.pid)')).toEqual([
      [{ fd: 3, address: `unix:${path}`, port: 0 }],
      null,
    ]);
  });

  it('leaves what was opened for another', async () => {
    expect(await inherit(0, '"1"')).toEqual([[], null]);
  });
});
