// What an upstream says beyond its answer is never the answer to another request, and costs nobody anything.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SLAB_SIZE } from '../src/edge/slabs.ts';
import { open } from './client.ts';
import { type EdgeServed, startEdgeDoor } from './start.ts';

/** What the edge reads of an answer at a time (answer.ts): a multiple of it leaves no sign of what follows. */
const ROOM = SLAB_SIZE - 4096 - 16;

let folder: string;
let upstream: Server;
let server: EdgeServed;
let sockets: Socket[];
let onRequest: (socket: Socket, count: number) => void;

// A Unix socket gives all that was written in one piece.
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'flexilib-stray-'));
  const path = join(folder, 'up.sock');
  sockets = [];
  upstream = createServer((socket) => {
    let count = 0;
    sockets.push(socket);
    socket.on('error', () => {}).on('data', () => onRequest(socket, ++count));
  });
  await new Promise<void>((resolve) => upstream.listen(path, resolve));
  server = await startEdgeDoor({ routes: `/ = unix:${path}\n\n[/]\nmax_concurrency = 1\n` });
});

afterEach(async () => {
  await server.close(1000);
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => upstream.close(resolve));
  rmSync(folder, { recursive: true });
});

async function ask(request: string, head = false): Promise<{ status: number; body: string }> {
  const client = await open(server.port);
  const { status, body } = await client.send(request).message({ head });
  client.half();
  await client.closed();
  return { status, body: body.toString('latin1') };
}

const get = (...fields: string[]): string =>
  `${['GET / HTTP/1.1', 'Host: a', ...fields].join('\r\n')}\r\n\r\n`;
/** It makes the request one for the complete way. */
const named = 'Connection: x';

test('a second answer behind one that fills what is read at a time', async () => {
  const body = 'x'.repeat(ROOM - 'HTTP/1.1 200 OK\r\nContent-Length: 00000\r\n\r\n'.length);
  onRequest = (socket, count) => {
    const first = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const stray = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray';
    expect(first.length).toBe(ROOM);
    socket.write(count === 1 ? first + stray : stray);
  };
  for (let i = 0; i < 3; i++) expect(await ask(get())).toEqual({ status: 200, body });
});

describe.each([
  ['the fast way', []],
  ['the complete way', [named]],
])('%s', (_name, fields) => {
  test.each([
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', 200],
    ['GET', 'HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok', 204],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 304],
  ])('%s, answered with a body that may not be: %j', async (method, text, status) => {
    onRequest = (socket) => void socket.write(text);
    const request = get(...fields).replace('GET', method);
    for (let i = 0; i < 2; i++) expect(await ask(request, true)).toEqual({ status, body: '' });
    expect(server.faults).toEqual([]);
  });

  test('a trailer section is announced where there can be none', async () => {
    onRequest = (socket) => void socket.write('HTTP/1.1 200 OK\r\nTrailer: x\r\nContent-Length: 2\r\n\r\nok');
    for (let i = 0; i < 2; i++)
      expect(await ask(get(...fields, 'Trailer: x'))).toEqual({ status: 200, body: 'ok' });
    expect(server.faults).toEqual([]);
  });
});
