// How many connections there may be, and what happens beyond: they wait, and nothing spins.
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { buildLibrary } from '../../native/test/build.ts';
import { type Client, open } from './client.ts';
import { bodies, foreign, inline, routes } from './edge.ts';
import { startEdgeProcess } from './edge-process.ts';
import { startEdgeDoor } from './start.ts';

const answersTo = async (client: Client, request: string): Promise<string> =>
  (await client.send(request).response()).body.toString();

/** How many of these have been answered, so far. */
function count(clients: Client[]): () => number {
  let answered = 0;
  for (const client of clients)
    client.response().then(
      () => answered++,
      () => {},
    );
  return () => answered;
}

describe('beyond max_connections', () => {
  const LIMIT = 10;

  it.each([
    ['on the edge', inline('/served')],
    ['handed over', foreign('served')],
  ])('clients wait until others close, which are %s', async (_where, request) => {
    const server = await startEdgeDoor({ routes: routes(), maxConnections: LIMIT });
    const served = await Promise.all(Array.from({ length: LIMIT }, () => open(server.port)));
    for (const client of served) await answersTo(client, request);
    const waiting = await Promise.all(Array.from({ length: 5 }, () => open(server.port)));
    for (const client of waiting) client.send(inline('/waiting'));
    const answered = count(waiting);
    await sleep(150);
    expect(answered()).toBe(0);
    for (let i = 1; i <= 5; i++) {
      if (i % 2) served[i].half();
      else served[i].reset();
      await expect.poll(answered).toBe(i);
      // The others go on as if nothing were.
      await answersTo(served[6], request);
    }
    for (const client of [...served, ...waiting]) client.half();
    await server.close(0);
  });

  it('many come and go through few places, on either side', async () => {
    const server = await startEdgeDoor({ routes: routes(), maxConnections: 4 });
    let done = 0;
    await Promise.all(
      Array.from({ length: 100 }, async (_, i) => {
        const client = await open(server.port);
        const text = i % 3 === 0 ? foreign(`/${i}\n`) : inline(`/${i}`);
        expect(await answersTo(client, text)).toBe(`/${i}\n`);
        if (i % 2) client.reset();
        else client.half();
        done++;
      }),
    );
    expect(done).toBe(100);
    await server.close(0);
  });
});

it('without file descriptors new clients wait, once told, and no CPU is burnt', {
  timeout: 60_000,
}, async () => {
  const server = await startEdgeProcess({ routes: routes() }, ['prlimit', '--nofile=80:80']);
  const first = await open(server.port);
  await answersTo(first, inline('/first')); // loads the library
  const sockets: Socket[] = [];
  const clients: Client[] = [];
  for (let i = 0; i < 100; i++) {
    const client = await open(server.port);
    clients.push(client.send(inline('/one')));
    sockets.push(client.socket);
  }
  const answered = count(clients);
  await sleep(300);
  expect(answered()).toBeGreaterThan(20);
  expect(answered()).toBeLessThan(80);
  expect(await answersTo(first, inline('/still'))).toBe('/still\n');
  const before = await server.stats();
  expect(before.faults).toEqual([expect.stringMatching(/^no file descriptors are left/)]);
  const begun = performance.now();
  await sleep(700);
  const after = await server.stats();
  // The child's own ticks and this question are in it.
  expect((after.cpu - before.cpu) / 1000).toBeLessThan((performance.now() - begun) / 3);
  // As those close that were served, the others are: nobody is refused.
  for (let left = answered(); left < 100; left = answered()) {
    for (const client of clients.splice(0, 20)) client.half();
    await expect.poll(answered, { timeout: 5000 }).toBeGreaterThan(left);
  }
  expect((await server.stats()).faults).toHaveLength(1);
  expect(await answersTo(first, inline('/last'))).toBe('/last\n');
  const late = connect(server.port, '127.0.0.1');
  late.destroy();
  for (const socket of sockets) socket.destroy();
  first.half();
  await server.stop();
});

it('a process that a library has left behind with our sockets tells nothing of others', async () => {
  const forking = buildLibrary(`
    #include <unistd.h>
    #include "flexilib_helpers.h"
    FLEXILIB_EXECUTOR
    flexilib_response *handle_request(flexilib_request *request) {
      if (memcmp(request->target, "/fork", 5) == 0 && fork() == 0) {
        sleep(2);
        _exit(0);
      }
      return flexilib_text(200, "fine", 4);
    }`);
  const server = await startEdgeProcess({ limits: { idle: 200 }, library: forking });
  const old = await open(server.port, { allowHalfOpen: true });
  await answersTo(old, inline('/1'));
  const other = await open(server.port);
  await answersTo(other, inline('/fork'));
  await sleep(500); // old is closed by now, though its client can't know: the forked process has it too
  const taken = await Promise.all(Array.from({ length: 3 }, () => open(server.port)));
  for (const client of taken) await answersTo(client, inline('/2'));
  const pending = taken.map((client) => client.send(`${inline('/3').slice(0, -2)}`));
  await sleep(50);
  old.reset();

  await sleep(50);
  for (const client of pending) expect(await answersTo(client, '\r\n')).toBe('fine');
  for (const client of [...taken, other]) client.half();
  await server.stop();
});

it('memory that a burst of requests has filled is given back', async () => {
  const server = await startEdgeProcess({ routes: routes(), maxQueue: 4000 });
  const most = inline(`/${'a'.repeat(4000)}`).repeat(24) + inline(`/${'b'.repeat(1500)}`); // just over a slab
  const last = inline('/last');
  const burst = async () => {
    const clients = await Promise.all(Array.from({ length: 300 }, () => open(server.port)));
    // A part of the last one, so that all slabs are in use at a time.
    for (const client of clients) client.send(most + last.slice(0, 10));
    for (const client of clients) await bodies(client, 25);
    for (const client of clients) client.send(last.slice(10));
    for (const client of clients) await bodies(client, 1);
    for (const client of clients) client.half();
    await Promise.all(clients.map((client) => client.closed()));
  };
  const begin = await open(server.port);
  await answersTo(begin, inline('/1'));
  const before = await server.stats();
  await burst();
  const after = await server.stats();
  expect(after.held.bytes).toBe(0);
  expect((after.dirty - before.dirty) / 1024).toBeLessThan(18);
  begin.half();
  await server.stop();
});
