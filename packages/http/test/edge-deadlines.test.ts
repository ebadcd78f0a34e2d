// A call that takes too long: its client is answered in time and goes on, and the executor ends with what it was given.
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildLibrary } from '../../native/test/build.ts';
import { createBlockingWatch } from '../src/blocking.ts';
import { open } from './client.ts';
import { answers, bodies, inline, pool, routes } from './edge.ts';
import { startEdgeDoor } from './start.ts';
import { head, logged, useServer } from './suite/use-server.ts';

const TIMEOUT = 200;
const nothing = { calls: 0, inFlight: 0, bytes: 0 };

/** Keeps the event loop of this process, the server's and the client's, from turning. */
function holdUp(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until; );
}

/** Sleeps for the milliseconds in its target, and sees whether its request is still what it was. */
const WATCHFUL = `
  #include <stdatomic.h>
  #include <unistd.h>
  #include "flexilib_helpers.h"
  FLEXILIB_EXECUTOR
  static atomic_int late, changed;
  static uint64_t add(uint64_t sum, const char *bytes, size_t len) {
    for (size_t i = 0; i < len; i++) sum = (sum ^ (uint8_t)bytes[i]) * 1099511628211u;
    return sum;
  }
  static uint64_t sum_of(const flexilib_request *request) {
    uint64_t sum = add(add(14695981039346656037u, request->target, request->target_len), request->content,
                       request->content_len);
    for (size_t i = 0; i < request->headers_len; i++)
      sum = add(add(sum, request->headers[i].name_ptr, request->headers[i].name_len),
                request->headers[i].value_ptr, request->headers[i].value_len);
    return sum;
  }
  flexilib_response *handle_request(flexilib_request *request) {
    if (request->target_len > 7 && memcmp(request->target, "/sleep/", 7) == 0) {
      uint64_t before = sum_of(request);
      for (int i = 0, n = atoi(request->target + 7); i < n; i++) {
        usleep(1000);
        if (sum_of(request) != before) {
          atomic_fetch_add(&changed, 1);
          break;
        }
      }
      atomic_fetch_add(&late, 1);
    }
    if (memcmp(request->target, "/told", 5) == 0)
      return flexilib_printf(200, "%d late, %d changed", atomic_load(&late), atomic_load(&changed));
    return flexilib_printf(200, "%.*s\\n", (int)request->target_len, request->target);
  }`;

let library: string;
beforeAll(() => {
  library = buildLibrary(WATCHFUL);
});

const late = (i: number, ms = 600) =>
  `${head('POST', `/sleep/${ms}?${i}`, `X-Long: ${`${i}`.repeat(3000)}`, 'Content-Length: 5000')}${`${i}`.repeat(5000).slice(0, 5000)}`;

it('a late executor keeps its request while the connection goes on', async () => {
  const server = await startEdgeDoor({ routes: routes(`timeout = ${TIMEOUT}ms`), library });
  const clients = await Promise.all([1, 2, 3, 4].map(() => open(server.port)));
  await clients[0].send(pool('/loaded')).response();
  const begun = performance.now();
  for (const [i, client] of clients.entries()) {
    const behind = Array.from({ length: 200 }, (_, n) => inline(`/${i}/${n}?${'x'.repeat(300)}`));
    client.send(inline(`/${i}/before`) + late(i + 1) + behind.join(''));
  }
  const took = await Promise.all(
    clients.map(async (client, i) => {
      expect(await answers(client, 2)).toEqual([`200 /${i}/before`, '504 Gateway Timeout']);
      return performance.now() - begun;
    }),
  );
  expect(Math.min(...took)).toBeGreaterThanOrEqual(TIMEOUT - 1);
  expect(Math.min(...took)).toBeLessThan(TIMEOUT + 100); // the others' answers wait for this process, their client
  // New connections, and those, write in every slab that is free, while the executors still run.
  expect(server.held().inFlight).toBe(4);
  for (const [i, client] of clients.entries())
    expect(await bodies(client, 200)).toEqual(
      Array.from({ length: 200 }, (_, n) => `/${i}/${n}?${'x'.repeat(300)}\n`),
    );
  const others = await Promise.all(Array.from({ length: 20 }, () => open(server.port)));
  const noise = inline(`/${'n'.repeat(1000)}`);
  while (server.held().inFlight === 4)
    await Promise.all(others.map((other) => bodies(other.send(noise.repeat(20)), 20)));
  await expect.poll(server.held, { timeout: 5000 }).toEqual(nothing);
  clients[0].send(inline('/told'));
  expect(await bodies(clients[0], 1)).toEqual(['4 late, 0 changed']);
  expect(server.faults).toHaveLength(4);
  for (const client of [...clients, ...others]) client.half();
  await server.close(0);
});

it('what came in time isn’t late because others are served first', async () => {
  const server = await startEdgeDoor({ routes: routes(), limits: { header: 600 } });
  const busy = await Promise.all(Array.from({ length: 6 }, () => open(server.port)));
  await answers(busy[0].send(inline('/loaded')), 1);
  const client = await open(server.port);
  const request = inline('/in-time');
  client.send(request.slice(0, 20));
  await sleep(300);
  // A turn ends after the first of them, so that the rest is in the queue when the time is up.
  for (const other of busy) other.send(inline('/sleep/100'));
  client.send(request.slice(20));
  expect(await answers(client, 1)).toEqual(['200 /in-time']);
  for (const other of busy) expect(await answers(other, 1)).toEqual(['200 /sleep/100']);
  for (const each of [client, ...busy]) each.half();
  await server.close(0);
});

describe('a late executor returns', () => {
  const server = useServer(startEdgeDoor, { routes: routes(`timeout = ${TIMEOUT}ms`) });

  it.each([
    ['before its deadline', 50, 700, [499]],
    ['after it, when the connection has gone', 350, 700, [504]],
  ])('when its client went %s', async (_when, goAfter, ms, statuses) => {
    const client = await open(server.port);
    client.send(pool(`/sleep/${ms}`));
    await sleep(goAfter);
    client.reset();
    expect((await logged(server, 1)).map(([, status]) => status)).toEqual(statuses);
    expect(server.held().inFlight).toBe(1);
    await expect.poll(server.held, { timeout: 5000 }).toEqual(nothing);
    await sleep(50);
    expect(server.access).toHaveLength(1);
  });

  it('when the server has closed', async () => {
    const own = await startEdgeDoor({ routes: routes(`timeout = ${TIMEOUT}ms`) });
    const clients = await Promise.all([1, 2].map(() => open(own.port)));
    for (const client of clients) client.send(pool('/sleep/700'));
    expect((await clients[0].response()).status).toBe(504);
    const begun = performance.now();
    await own.close(100);
    expect(performance.now() - begun).toBeLessThan(400);
    expect(own.held().inFlight).toBe(2);
    await expect.poll(own.held, { timeout: 5000 }).toEqual(nothing);
    expect(own.faults).toHaveLength(2);
  });

  it('several times on one connection, one after the other', async () => {
    const client = await open(server.port);
    client.send((pool('/sleep/300') + inline('/ok')).repeat(3));
    expect(await answers(client, 6)).toEqual(
      Array.from({ length: 6 }, (_, i) => (i % 2 ? '200 /ok' : '504 Gateway Timeout')),
    );
    client.half();
    expect(await client.closed()).toBe('');
  });
});

describe('when something holds the loop up', () => {
  const server = useServer(startEdgeDoor, {
    routes: routes(`timeout = ${TIMEOUT}ms`),
    limits: { header: 400, idle: 400 },
    body: { timeout: 400 },
  });

  it('a call that returned in time is answered', async () => {
    const client = await open(server.port);
    await client.send(pool('/1')).response();
    client.send(pool('/sleep/100'));
    await sleep(30);
    holdUp(500);
    expect(await answers(client, 1)).toEqual(['200 /sleep/100']);
    client.half();
  });

  it('what a client sent in time is answered', async () => {
    const request = `${head('POST', '/echo', 'Content-Length: 5')}hello`;
    const cuts = [10, request.length - 2];
    const clients = await Promise.all(cuts.map(() => open(server.port)));
    await clients[0].send(pool('/1')).response();
    for (const [i, client] of clients.entries()) client.send(request.slice(0, cuts[i]));
    const idle = await open(server.port);
    await idle.send(inline('/1')).response();
    await sleep(100);
    for (const [i, client] of clients.entries()) client.send(request.slice(cuts[i]));
    idle.send(inline('/2'));
    holdUp(800);
    for (const client of clients) expect(await answers(client, 1)).toEqual(['200 hello']);
    expect(await answers(idle, 1)).toEqual(['200 /2']);
    for (const client of [...clients, idle]) client.half();
  });

  it('such as an executor on the loop, the time of what comes after it is whole', async () => {
    const client = await open(server.port);
    client.send(inline('/sleep/500') + pool('/sleep/100') + inline('/sleep/500'));
    expect(await answers(client, 3)).toEqual(['200 /sleep/500', '200 /sleep/100', '200 /sleep/500']);
    await sleep(300);
    client.send(inline('/4'));
    expect(await answers(client, 1)).toEqual(['200 /4']);
    client.half();
  });
});

describe('an executor that blocks the loop', () => {
  it('is named once, with the way out', async () => {
    const server = await startEdgeDoor({ routes: routes(), library });
    const client = await open(server.port);
    const begun = performance.now();
    client.send(inline('/sleep/200'));
    expect(await bodies(client, 1)).toHaveLength(1);
    const took = performance.now() - begun;
    client.send(inline('/sleep/200').repeat(2) + pool('/sleep/200') + inline('/quick'));
    expect(await bodies(client, 4)).toHaveLength(4);
    client.send(inline('/sleep/200', 'X-Odd: a\tb')); // by the other door
    expect(await bodies(client, 1)).toHaveLength(1);
    expect(server.edge().handedOver).toBe(1);
    expect(server.faults).toEqual([
      expect.stringMatching(/^blocked the event loop for \d+ ms, .*run = pool/),
    ]);
    const blocked = Number(/ (\d+) ms/.exec(server.faults[0])![1]);
    expect(blocked).toBeGreaterThanOrEqual(200);
    expect(blocked).toBeLessThanOrEqual(Math.ceil(took));
    expect(server.faulty).toEqual([library]);
    client.half();
    await server.close(0);
  });

  it('is named once when it has said itself that it never does', async () => {
    const source = WATCHFUL.replace(
      'FLEXILIB_EXECUTOR',
      'FLEXILIB_EXECUTOR\nconst uint8_t flexilib_nonblocking = 1;',
    );
    const server = await startEdgeDoor({ library: buildLibrary(source) });
    const client = await open(server.port);
    client.send(pool('/loaded') + pool('/sleep/150').repeat(2));
    expect(await bodies(client, 3)).toHaveLength(3);
    expect(server.faults).toEqual([expect.stringMatching(/^blocked the event loop for /)]);
    client.half();
    await server.close(0);
  });

  it('is named again after a minute, and another at once', () => {
    const told: string[] = [];
    const watch = createBlockingWatch((path, text) => told.push(`${path} ${/\d+/.exec(text)}`));
    for (const [path, ms, now] of [
      ['a', 49, 0],
      ['a', 60, 1],
      ['a', 70, 60_000],
      ['b', 80, 60_000],
      ['a', 90, 60_002],
    ] as const)
      watch(path, ms, now);
    expect(told).toEqual(['a 60', 'b 80', 'a 90']);
  });
});
