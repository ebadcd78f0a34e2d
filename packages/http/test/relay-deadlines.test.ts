// Time, names and connections that don't come about, on the fast way.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { open } from './client.ts';
import { settled } from './edge.ts';
import { useRelay } from './relay.ts';
import { startEdgeDoor } from './start.ts';
import { head, logged } from './suite/use-server.ts';
import { answerOf } from './upstream.ts';

const none = 'http://127.0.0.1:1 http://127.0.0.1:2'; // nobody listens there
const relayed = useRelay({
  count: 2,
  routes: ([a, b]) =>
    [
      '/big/ = ./lib.so',
      `/whole = ${a} ${b}`,
      `/silent = ${a}`,
      `/named = ${a.replace('127.0.0.1', 'localhost')}`,
      '/nobody = http://nobody.invalid:80',
      `/refused = ${none} ${b}`,
      `/all-refused = ${none}`,
      `/ = ${a}`,
      '[/big/]\nrun = inline',
      '[/whole]\ntimeout = 3s\nretries = 5',
      '[/silent]\nhead_timeout = 300ms\nidle_timeout = 300ms\nretries = 0',
      '',
    ].join('\n'),
});

it('the time of the whole is that of all tries together', async () => {
  let first = true;
  for (const upstream of relayed.upstreams) {
    upstream.onRequest = (socket) => {
      if (first) setTimeout(() => socket.destroy(), 2000);
      first = false;
    };
  }
  const client = await open(relayed.server.port);
  const begun = performance.now();
  expect((await client.send(head('GET', '/whole')).message()).status).toBe(504);
  const took = performance.now() - begun;
  expect(took).toBeGreaterThan(2900);
  expect(took).toBeLessThan(4500); // 5000 when it begins anew
  client.half();
});

it.each([
  ['no head', ''],
  ['half a head', 'HTTP/1.1 200 OK\r\nContent-Le'],
  ['interim ones alone', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
])('an upstream that sends %s in time has its client told, whose connection goes on', async (_what, text) => {
  relayed.upstream.onRequest = (socket, { target }) =>
    void socket.write(target === '/silent' ? text : answerOf('hello'));
  const client = await open(relayed.server.port);
  client.send(head('GET', '/silent') + head('GET', '/'));
  let message = await client.message();
  while (message.status < 200) message = await client.message();
  expect(message.status).toBe(504);
  expect((await client.message()).body.toString()).toBe('hello');
  client.half();
});

it('an upstream that has answered in time is not to blame for a client that takes its time', async () => {
  const client = await open(relayed.server.port, { paused: true });
  client.send((head('GET', '/big/60000') + head('GET', '/silent')).repeat(300));
  // More than kernels hold; then twice the time of a head.
  await settled(() => relayed.upstream.requests.length, 600);
  expect(relayed.upstream.requests.length).toBeLessThan(300);
  let text = '';
  client.socket.on('data', (piece: Buffer) => {
    text += piece.toString('latin1').replace(/b{9,}/g, '');
  });
  await expect.poll(() => text.split('hello').length - 1, { timeout: 10_000 }).toBe(300);
  expect(text).not.toContain('504');
  client.half();
});

it('an upstream that stops in its body has its client cut off, and the log has what was sent', async () => {
  relayed.upstream.onRequest = (socket) =>
    void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello');
  const client = await open(relayed.server.port);
  await expect(client.send(head('GET', '/silent')).message()).rejects.toThrow('closed after 5 of 10 bytes');
  expect(await logged(relayed.server, 1)).toEqual([['GET /silent HTTP/1.1', 200]]);
  expect(relayed.server.access[0].bytes).toBe(5);
  expect(relayed.server.faults[0]).toContain('silent for too long');
});

it.each(['GET', 'POST'])('a %s finds the address of a name at which somebody listens', async (method) => {
  const client = await open(relayed.server.port);
  for (let i = 0; i < 4; i++) {
    const answer = await client.send(head(method, '/named', 'Content-Length: 0')).message();
    expect(answer.body.toString()).toBe('hello');
  }
  client.half();
});

it('a name that nobody knows makes 502, again and again', async () => {
  const client = await open(relayed.server.port);
  client.send(head('GET', '/nobody').repeat(3) + head('GET', '/'));
  for (let i = 0; i < 3; i++) expect((await client.message()).status).toBe(502);
  expect((await client.message()).status).toBe(200);
  client.half();
});

it('clients that go at any moment of a look-up leave nothing', async () => {
  const clients = await Promise.all(Array.from({ length: 20 }, () => open(relayed.server.port)));
  for (const client of clients) {
    client.send(head('GET', '/nobody'));
    await new Promise((resolve) => setImmediate(resolve));
    client.reset();
  }
  await Promise.all(clients.map(({ socket }) => socket.closed || once(socket, 'close')));
  for (const { status } of relayed.server.access) expect([499, 502]).toContain(status);
});

it.each(['GET', 'POST'])('a %s goes to the next one when a connection is refused', async (method) => {
  const client = await open(relayed.server.port);
  for (let i = 0; i < 6; i++) {
    const answer = await client.send(head(method, '/refused', 'Content-Length: 0')).message();
    expect(answer.body.toString()).toBe('hello');
  }
  client.half();
  expect(relayed.upstreams[1].requests.length).toBe(6);
});

it('many requests that are refused are answered in their order, and leave nothing', async () => {
  const client = await open(relayed.server.port);
  client.send((head('GET', '/all-refused') + head('GET', '/')).repeat(50));
  for (let i = 0; i < 50; i++) {
    expect([502, 503]).toContain((await client.message()).status);
    expect((await client.message()).status).toBe(200);
  }
  client.half();
});

it('a Unix socket is an upstream like others', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'relay-'));
  const path = join(folder, 'a.sock');
  let asked = '';
  const upstream = createServer((socket) => {
    socket.on('data', (text) => {
      asked += text.toString('latin1');
      socket.write(answerOf('unix'));
    });
  });
  await once(upstream.listen(path), 'listening');
  const server = await startEdgeDoor({
    routes: `/none = unix:${path}.none\n/ = unix:${path}\n`,
  });
  const client = await open(server.port);
  for (let i = 0; i < 3; i++) {
    expect((await client.send(head('GET', '/x')).message()).body.toString()).toBe('unix');
  }
  expect((await client.send(head('GET', '/none')).message()).status).toBe(502);
  expect(asked.split('GET /x HTTP/1.1').length - 1).toBe(3);
  client.half();
  await server.close();
  await new Promise((resolve) => upstream.close(resolve));
  rmSync(folder, { recursive: true });
});

describe('a connection that takes its time', () => {
  /** A process that listens and accepts nothing until it goes on: then it answers. */
  const program = `
    const answer = 'HTTP/1.1 200 OK\\r\\nContent-Length: 4\\r\\n\\r\\nlate';
    const server = require('node:net').createServer((socket) => {
      socket.on('error', () => {}).on('data', (text) => String(text).startsWith('GET') && socket.write(answer));
    });
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => process.send(server.address().port));`;

  it('is waited for, even when memory is given back meanwhile', { timeout: 60_000 }, async () => {
    const child = spawn(process.execPath, ['-e', program], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const [port] = (await once(child, 'message')) as [number];
    const server = await startEdgeDoor({
      routes: `/ = http://127.0.0.1:${port}\n[/]\nconnect_timeout = 30s\n`,
    });
    child.kill('SIGSTOP');
    // They fill the backlog: the kernel answers no SYN after them.
    const fillers = await Promise.all(Array.from({ length: 2 }, () => open(port)));
    const clients = await Promise.all(Array.from({ length: 4 }, () => open(server.port)));
    for (const client of clients) client.send(head('GET', '/'));
    await expect.poll(() => server.held().inFlight).toBe(4);
    server.trim();
    expect(server.held().inFlight).toBe(4);
    child.kill('SIGCONT');
    for (const client of clients) expect((await client.message()).body.toString()).toBe('late');
    expect(server.faults).toEqual([]);
    for (const { socket } of [...clients, ...fillers]) socket.destroy();
    await server.close(1000);
    child.kill('SIGKILL');
  });
});

describe('with little time for clients', () => {
  const relayed = useRelay({ limits: { send: 1000 } });

  it('a client that doesn’t take its answer is let go in time, and the upstream with it', async () => {
    const closed = new Promise<void>((resolve) => {
      relayed.upstream.onRequest = (socket) => {
        socket.on('close', () => resolve());
        socket.write(answerOf('a'.repeat(30_000_000)));
      };
    });
    const client = await open(relayed.server.port, { paused: true });
    client.send(head('GET', '/'));
    await closed;
    expect((await logged(relayed.server, 1))[0][1]).toBe(499);
    client.socket.destroy();
  });
});
