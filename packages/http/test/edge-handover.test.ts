// A connection may leave for node:http at every point of its life: nothing is lost, doubled or out of order.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Client, open } from './client.ts';
import { bodies, foreign, inline, pool, routes, settled } from './edge.ts';
import { type EdgeServed, startEdgeDoor } from './start.ts';
import { countCalls, head, logged } from './suite/use-server.ts';

const nothing = { calls: 0, inFlight: 0, bytes: 0 };
let server: EdgeServed;
let before: { calls: number; handedOver: number };

beforeAll(async () => {
  server = await startEdgeDoor({ routes: routes() });
  await countCalls(server); // loads the library
});
beforeEach(async () => {
  before = { calls: await countCalls(server), handedOver: server.edge().handedOver };
  server.access.length = 0;
});
afterAll(() => server.close(0));

/** It goes on as if nothing had happened, and all that was asked reached the executor once. */
async function goesOn(client: Client, asked: number, on: EdgeServed = server): Promise<void> {
  expect(on.edge().handedOver).toBe(before.handedOver + 1);
  client.send(inline('/more/1') + pool('/more/2') + foreign('/more/3\n') + inline('/more/4'));
  expect(await bodies(client, 4)).toEqual(['/more/1\n', '/more/2\n', '/more/3\n', '/more/4\n']);
  client.send(pool('/more/5'));
  expect(await bodies(client, 1)).toEqual(['/more/5\n']);
  client.half();
  expect(await client.closed()).toBe('');
  await logged(on, asked + 5);
  expect(await countCalls(on)).toBe(before.calls + asked + 5);
  expect(on.edge().handedOver).toBe(before.handedOver + 1);
  await expect.poll(on.held, { timeout: 10_000 }).toEqual(nothing);
}

it('not for a ping, which comes all the time', async () => {
  const client = await open(server.port);
  client.send('OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(2));
  expect(await bodies(client, 2)).toEqual(['OK\n', 'OK\n']);
  expect(server.edge().handedOver).toBe(before.handedOver);
});

it('with its first request', async () => {
  const client = await open(server.port);
  client.send(foreign('first'));
  expect(await bodies(client, 1)).toEqual(['first']);
  await goesOn(client, 1);
});

it.each([
  ['inline', [inline]],
  ['pooled', [pool]],
  ['both', [inline, pool]],
])('with its tenth, pipelined behind nine that are %s, and nine behind it', async (_where, kinds) => {
  const client = await open(server.port);
  const requests = Array.from({ length: 19 }, (_, i) =>
    i === 9 ? foreign('/9\n') : kinds[i % kinds.length](`/${i}`),
  );
  client.send(requests.join(''));
  expect(await bodies(client, 19)).toEqual(Array.from({ length: 19 }, (_, i) => `/${i}\n`));
  expect((await logged(server, 19)).map(([line]) => line)).toEqual(
    requests.map((request) => request.slice(0, request.indexOf('\r\n'))),
  );
  await goesOn(client, 19);
});

it('with a head that was half there, wherever it was cut', async () => {
  const request = foreign('cut');
  const end = request.indexOf('\r\n\r\n');
  const cuts = Array.from({ length: end + 2 }, (_, i) => i + 1);
  const clients = await Promise.all(cuts.map(() => open(server.port)));
  for (const [i, client] of clients.entries()) client.send(inline('/1') + request.slice(0, cuts[i]));
  for (const client of clients) expect(await bodies(client, 1)).toEqual(['/1\n']);
  for (const [i, client] of clients.entries()) client.send(request.slice(cuts[i]) + pool('/3'));
  for (const client of clients) {
    expect(await bodies(client, 2)).toEqual(['cut', '/3\n']);
    client.half();
  }
  expect(server.edge().handedOver).toBe(before.handedOver + cuts.length);
  expect(await countCalls(server)).toBe(before.calls + 3 * cuts.length);
});

it('with a body that is half there, of a library that isn’t', async () => {
  const fresh = await startEdgeDoor({ routes: '/ = ./slow.so' });
  before = { calls: 0, handedOver: 0 };
  const client = await open(fresh.port);
  client.send(`${head('POST', '/echo', 'Content-Length: 12')}half`);
  await expect.poll(() => fresh.edge().handedOver).toBe(1);
  client.send(`the rest${inline('/2')}`);
  expect(await bodies(client, 2)).toEqual(['halfthe rest', '/2\n']);
  await goesOn(client, 2, fresh);
  await fresh.close(0);
});

it('with a body that is half there when its client ends its side', async () => {
  const client = await open(server.port, { allowHalfOpen: true });
  client.send(`${inline('/1')}${head('POST', '/echo', 'Content-Length: 12')}half`);
  expect(await bodies(client, 1)).toEqual(['/1\n']);
  expect((await client.half().response()).status).toBe(400);
  expect(await client.closed()).toBe('');
  expect(server.edge().handedOver).toBe(before.handedOver + 1);
  expect(await countCalls(server)).toBe(before.calls + 1);
});

it('after a pooled answer', async () => {
  const client = await open(server.port);
  client.send(pool('/sleep/20'));
  expect(await bodies(client, 1)).toEqual(['/sleep/20\n']);
  client.send(foreign('after'));
  expect(await bodies(client, 1)).toEqual(['after']);
  await goesOn(client, 2);
});

it.each([
  ['in the same packet', 0],
  ['in one of its own', 50],
])('while a pooled answer is due, %s', async (_how, delay) => {
  const client = await open(server.port);
  client.send(inline('/0') + pool('/sleep/200'));
  if (delay > 0) await sleep(delay);
  client.send(foreign('due') + inline('/3'));
  expect(await bodies(client, 4)).toEqual(['/0\n', '/sleep/200\n', 'due', '/3\n']);
  await goesOn(client, 4);
});

describe.each([
  ['inline', inline],
  ['pooled', pool],
])('while %s answers are unsent', (_where, large) => {
  it('since the client doesn’t read', async () => {
    const client = await open(server.port, { paused: true });
    const many = 250; // 15 MB: more than kernels hold
    client.send(large('/big/60000').repeat(many) + foreign('unsent') + inline('/3'));
    expect(await settled(() => server.access.length)).toBeLessThan(many);
    expect(server.edge().handedOver).toBe(before.handedOver);
    let received = 0;
    let tail = '';
    client.socket.on('data', (piece: Buffer) => {
      received += piece.length;
      tail = (tail + piece.toString('latin1')).slice(-20_000);
    });
    await logged(server, many + 2);
    await settled(() => received, 50);
    const [unsent, three] = tail.split('HTTP/1.1 ').slice(-2);
    expect([unsent.slice(-6), three.slice(-3)]).toEqual(['unsent', '/3\n']);
    expect(received).toBeGreaterThan(many * 60_000);
    const again = received;
    client.send(inline('/4'));
    await expect.poll(() => tail.endsWith('/4\n')).toBe(true);
    expect(received - again).toBeLessThan(200);
    expect(await countCalls(server)).toBe(before.calls + many + 3);
    client.half();
  });
});
