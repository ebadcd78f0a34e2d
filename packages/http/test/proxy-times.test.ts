// head_timeout and timeout are the request's, however many tries it has, on either way.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { open } from './client.ts';
import { type EdgeServed, startEdgeDoor } from './start.ts';
import { logged } from './suite/use-server.ts';
import { startUpstream, type Upstream } from './upstream.ts';

let upstream: Upstream;
let server: EdgeServed;

beforeEach(async () => {
  upstream = await startUpstream();
});

afterEach(async () => {
  await server.close(1000);
  await upstream.close();
});

const ways: [name: string, fields: string][] = [
  ['the fast way', ''],
  ['the complete way', 'Connection: x\r\n'],
];

async function ask(options: string, fields: string): Promise<number> {
  server = await startEdgeDoor({ routes: `/ = ${upstream.url}\n\n[/]\nretries = 5\n${options}\n` });
  const client = await open(server.port);
  const { status } = await client.send(`GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`).message();
  client.half();
  await client.closed();
  return status;
}

test.each(ways)('%s: no other try follows a head that is late', async (_name, fields) => {
  upstream.onRequest = () => {};
  expect(await ask('head_timeout = 100ms', fields)).toBe(504);
  await vi.waitUntil(() => upstream.connections.every(({ closed }) => closed));
  expect(upstream.requests).toHaveLength(1);
});

test.each(ways)('%s: a client that takes nothing is late itself', async (_name, fields) => {
  const size = 50_000_000;
  upstream.onRequest = (socket) =>
    void socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n${'a'.repeat(size)}`);
  server = await startEdgeDoor({ routes: `/ = ${upstream.url}\n\n[/]\ntimeout = 500ms\n` });
  const client = await open(server.port, { paused: true });
  client.send(`GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);
  expect(await logged(server, 1)).toEqual([['GET / HTTP/1.1', 499]]);
  expect(server.faults).toEqual([]);
  // The log has what was sent of it.
  let received = '';
  client.socket.on('data', (piece: Buffer) => (received += piece.toString('latin1')));
  await client.closed();
  expect(server.access[0].bytes).toBe(received.length - received.indexOf('\r\n\r\n') - 4);
});

describe.each(['timeout', 'head_timeout'])('%s', (option) => {
  test.each(ways)('%s: another try doesn’t begin it anew', async (_name, fields) => {
    // Each try ends before the time of a first one would: only all of them together take too long.
    upstream.onRequest = (socket) => void setTimeout(() => socket.destroy(), 600);
    expect(await ask(`${option} = 1s`, fields)).toBe(504);
    expect(upstream.requests).toHaveLength(2);
  });
});
