// The end of the server: what is in flight finishes, what is idle goes at once, what is stuck is cut.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { open } from '../client.ts';
import type { StartServer } from './served.ts';
import { head, logged } from './use-server.ts';

const nothing = { calls: 0, inFlight: 0, bytes: 0 };
const close = ['connection', 'close'];

export function end(start: StartServer): void {
  it('closes what is idle at once, and lets what is in flight finish', async () => {
    const server = await start();
    const [unused, idle, busy] = await Promise.all([1, 2, 3].map(() => open(server.port)));
    await idle.send(head('GET', '/1')).response();
    busy.send(head('GET', '/sleep/2000'));
    await sleep(200);
    const begun = performance.now();
    const closed = server.close(20_000);
    expect(await Promise.all([unused.closed(), idle.closed()])).toEqual(['', '']);
    expect(performance.now() - begun).toBeLessThan(1000);
    await expect(open(server.port)).rejects.toThrow('ECONNREFUSED');
    expect((await busy.response()).fields.at(-1)).toEqual(close);
    expect(await busy.closed()).toBe('');
    await closed;
    expect(performance.now() - begun).toBeLessThan(10_000);
    expect(server.held()).toEqual(nothing);
  });

  it.each([
    ['head', 'GET /echo HTT', 'P/1.1\r\nHost: a\r\n\r\n'],
    ['body', `${head('POST', '/echo', 'Content-Length: 10')}hel`, 'lo wor'.padEnd(7, '!')],
  ])('answers a request whose %s was under way', async (_what, first, rest) => {
    const server = await start();
    const client = await open(server.port);
    client.send(first);
    await sleep(200);
    const closed = server.close(20_000);
    await sleep(100);
    expect(await client.send(rest).response()).toMatchObject({
      status: 200,
      fields: expect.arrayContaining([close]),
    });
    expect(await client.closed()).toBe('');
    await closed;
  });

  it('answers what has arrived, though nobody has read it yet', async () => {
    const server = await start();
    const clients = await Promise.all(Array.from({ length: 6 }, () => open(server.port)));
    for (const client of clients) await client.send(head('GET', '/1')).response();
    for (const client of clients) client.send(head('GET', '/sleep/50'));
    const closed = server.close(20_000); // in the same turn of the loop
    for (const client of clients) {
      const { status, fields } = await client.response();
      expect([status, fields.at(-1)]).toEqual([200, close]);
      expect(await client.closed()).toBe('');
    }
    await closed;
    expect(await logged(server, 12)).toHaveLength(12);
  });

  it.each([
    ['plain', []],
    ['odd', ['X-Odd: a\tb']], // which only node:http takes
  ])('doesn’t cut an answer that is on its way, to a request that is %s', async (_what, fields) => {
    const server = await start();
    const client = await open(server.port, { paused: true });
    client.send(head('GET', '/big/30000000', ...fields));
    await sleep(500);
    const closed = server.close(20_000);
    await sleep(100);
    let received = 0;
    client.socket.on('data', (piece: Buffer) => {
      received += piece.length;
    });
    await client.closed();
    expect(received).toBeGreaterThan(30_000_000);
    expect(await logged(server, 1)).toEqual([['GET /big/30000000 HTTP/1.1', 200]]);
    await closed;
  });

  it('doesn’t answer what was pipelined behind the request in flight', async () => {
    const server = await start();
    const client = await open(server.port);
    client.send(head('GET', '/sleep/500') + head('GET', '/2'));
    await sleep(100);
    const closed = server.close(20_000);
    expect((await client.response()).fields.at(-1)).toEqual(close);
    expect(await client.closed()).toBe('');
    await closed;
    expect(await logged(server, 1)).toEqual([['GET /sleep/500 HTTP/1.1', 200]]);
  });

  it('cuts what is left after the grace', async () => {
    const server = await start();
    const [running, reading] = await Promise.all([open(server.port), open(server.port, { paused: true })]);
    running.send(head('GET', '/sleep/3000'));
    reading.send(head('GET', '/big/30000000'));
    await sleep(200);
    const begun = performance.now();
    await Promise.all([server.close(300), server.close(300)]);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(295);
    expect(performance.now() - begun).toBeLessThan(2000);
    expect(await running.closed()).toBe('');
    reading.reset();
    await expect.poll(server.held, { timeout: 10_000 }).toEqual(nothing);
    expect((await logged(server, 2)).map(([, status]) => status)).toEqual([499, 499]);
  });
}
