import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { ask, keepAlive, text } from '../support/client.ts';
import { isListening, start, stopAll, temporaryFolder } from '../support/server.ts';

afterEach(stopAll);

const sample = join(import.meta.dirname, '../../examples/sample-zig/dist/libsample.so');
const slow = (port: number, time: string) => ask(port, '/', { headers: { 'x-slow': time } });

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  it('finishes what is in flight, refuses what is new, and exits with 0', async () => {
    const server = await start(`/ = ${sample}\n`);
    const idle = await keepAlive(server.port);
    expect((await idle.get('/')).status).toBe(200);
    const inFlight = slow(server.port, '1000');
    await sleep(200);
    server.signal(signal);
    await expect.poll(() => isListening(server.port)).toBe(false);
    await expect(ask(server.port, '/')).rejects.toThrow('ECONNREFUSED');
    const response = await inFlight;
    expect([response.status, response.body.toString()]).toEqual([200, 'i am slow\n\n']);
    expect(response.headers.connection).toBe('close');
    expect(await server.exit).toBe(0);
    expect(server.stdout().at(-1)).toMatch(/"GET \/ HTTP\/1\.1" 200 ttfb 1\d\d\d/);
    expect(server.resources).toThrow();
  });

  it('exits at once when it comes again', async () => {
    const server = await start(`/ = ${sample}\n`);
    const lost = slow(server.port, '5000').catch((error: Error) => error);
    await sleep(200);
    server.signal(signal);
    await expect.poll(() => server.stderr().at(-1)).toMatch('finishing the requests in flight');
    await sleep(100); // within 75 ms it would be the same one
    const begun = performance.now();
    server.signal(signal);
    expect(await server.exit).toBe(signal === 'SIGTERM' ? 143 : 130);
    expect(performance.now() - begun).toBeLessThan(500);
    expect(await lost).toBeInstanceOf(Error);
  });
});

it('ends under load without breaking a response', async () => {
  const server = await start(`/ = ${sample}\n`);
  const connections = await Promise.all(Array.from({ length: 32 }, () => keepAlive(server.port)));
  const load = connections.map(async (connection) => {
    for (let count = 0; ; count++) {
      const outcome = await connection.get('/').catch((error: Error) => error);
      if (outcome instanceof Error) return { count, error: outcome.message };
      expect(outcome).toEqual({ status: 200, body: ' 1' });
    }
  });
  await sleep(500);
  server.signal('SIGTERM');
  for (const { count, error } of await Promise.all(load)) {
    expect(count).toBeGreaterThan(5);
    expect(error).toMatch(/read so far: ""/);
  }
  expect(await server.exit).toBe(0);
});

it('answers what has arrived before its end, on connections old and new', async () => {
  const server = await start(`/ = ${sample}\n`);
  const idle = await Promise.all(Array.from({ length: 8 }, () => keepAlive(server.port)));
  for (const connection of idle) expect((await connection.get('/')).status).toBe(200);
  process.kill(server.pid, 'SIGSTOP');
  const fresh = await Promise.all(Array.from({ length: 8 }, () => keepAlive(server.port))); // accepted by the kernel alone
  const asked = [...idle, ...fresh].map((connection) => connection.get('/'));
  await sleep(100);
  server.signal('SIGTERM');
  await expect.poll(() => server.stderr().at(-1)).toMatch('finishing the requests in flight');
  process.kill(server.pid, 'SIGCONT');
  for (const { status } of await Promise.all(asked)) expect(status).toBe(200);
  expect(await server.exit).toBe(0);
  expect(server.stdout()).toHaveLength(24);
});

describe('standard output', () => {
  const command = join(import.meta.dirname, '../../apps/server/bin/flexilib.cjs');

  async function serveTo(stdout: 'pipe' | number): Promise<{ child: ChildProcess; port: number }> {
    const file = join(temporaryFolder(), 'proxy.ini');
    writeFileSync(file, `/ = ${sample}\n`);
    const env = { ...process.env, HOST: '127.0.0.1', PORT: '0', FLEXILIB_RUN_DIR: temporaryFolder() };
    const child = spawn(process.execPath, [command, '--config', file], {
      env,
      stdio: ['ignore', stdout, 'pipe'],
    });
    let said = '';
    const port = await new Promise<number>((resolve) => {
      child.stderr!.on('data', (data) => {
        said += data;
        const ready = /listening on http:\/\/.*:(\d+)/.exec(said);
        if (ready) resolve(Number(ready[1]));
      });
    });
    return { child, port };
  }

  async function serveMany(port: number, requests: number): Promise<void> {
    const connection = await keepAlive(port);
    for (let i = 0; i < requests; i++)
      expect((await connection.get(`/${'x'.repeat(2000)}`)).status).toBe(200);
    connection.close();
  }

  it('may be blocked', async () => {
    const { child, port } = await serveTo('pipe'); // and never read
    await serveMany(port, 1500); // 3 MB of lines
    expect(await text(port, '/')).toBe(' 2');
    child.kill('SIGKILL');
  });

  it('may be closed', async () => {
    const { child, port } = await serveTo('pipe');
    child.stdout!.destroy();
    await serveMany(port, 50);
    expect(await text(port, '/')).toBe(' 2');
    child.kill('SIGKILL');
  });
});

it('closes a connection that has sent nothing', async () => {
  const server = await start(`/ = ${sample}\n`);
  const silent = connect(server.port, '127.0.0.1');
  await new Promise((resolve) => silent.once('connect', resolve));
  await sleep(100);
  server.signal('SIGTERM');
  expect(await Promise.race([server.exit, sleep(3000, 'late')])).toBe(0);
  silent.destroy();
});
