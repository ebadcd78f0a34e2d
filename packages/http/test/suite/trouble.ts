// Clients that go, stall or wait too long, and executors that misbehave.
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ask, type Client, open } from '../client.ts';
import type { StartServer } from './served.ts';
import { head, logged, useServer } from './use-server.ts';

export function trouble(start: StartServer): void {
  describe('a client that goes', () => {
    const server = useServer(start); // looks for leaks after each case

    it.each([
      ['in the head', 'GET / HT', 0],
      ['in the body', `${head('POST', '/echo', 'Content-Length: 100')}half`, 0],
      ['in a chunk', `${head('POST', '/echo', 'Transfer-Encoding: chunked')}5\r\nhe`, 0],
      ['while the executor runs', head('GET', '/sleep/40'), 20],
      ['while the answer is sent', head('GET', '/big/50000000'), 30],
    ])('%s leaks nothing, a hundred times', async (_when, bytes, delay) => {
      await Promise.all(
        Array.from({ length: bytes.includes('big') ? 5 : 100 }, async () => {
          const client = await open(server.port, { paused: true });
          client.send(bytes);
          await sleep(delay);
          client.reset();
        }),
      );
      await expect.poll(server.held, { timeout: 20_000 }).toEqual({ calls: 0, inFlight: 0, bytes: 0 });
      expect((await ask(server.port, head('GET', '/fine'))).body.toString()).toBe('/fine\n');
    });

    it.each([
      ['in the body', 'POST /echo HTTP/1.1', `${head('POST', '/echo', 'Content-Length: 100')}half`],
      ['while the executor runs', 'GET /sleep/500 HTTP/1.1', head('GET', '/sleep/500')],
      ['while the answer is sent', 'GET /big/50000000 HTTP/1.1', head('GET', '/big/50000000')],
    ])('%s is logged with 499', async (_when, line, bytes) => {
      const client = await open(server.port, { paused: true });
      client.send(bytes);
      await sleep(200);
      client.reset();
      expect(await logged(server, 1)).toEqual([[line, 499]]);
      expect(server.access[0].bytes).toBe(0);
    });
  });

  describe('a client that goes on slowly', () => {
    const server = useServer(start, { body: { timeout: 1500 } });

    it('may take longer over a body than a silence may last', async () => {
      const client = await open(server.port);
      client.send(head('POST', '/echo', 'Content-Length: 5'));
      for (const c of 'hello') {
        await sleep(400);
        client.send(c);
      }
      expect((await client.response()).body.toString()).toBe('hello');
      client.half();
    });
  });

  describe('a client that stalls', () => {
    const server = useServer(start, {
      limits: { header: 300, idle: 300, send: 300 },
      body: { timeout: 300 },
    });
    const within = async (promise: Promise<unknown>, from: number, to: number) => {
      const begun = performance.now();
      const result = await promise;
      const took = performance.now() - begun;
      expect(took).toBeGreaterThanOrEqual(from);
      expect(took).toBeLessThan(to);
      return result;
    };

    it.each([
      ['head', 'GET / HTTP/1.1\r\nHos'],
      ['body', `${head('POST', '/echo', 'Content-Length: 10')}half`],
    ])('in the %s gets 408, and the connection ends', async (_where, bytes) => {
      const client = await open(server.port);
      client.send(bytes);
      const response = await within(client.response(), 250, 2500);
      expect(response).toMatchObject({ status: 408 });
      expect(await client.closed()).toBe('');
    });

    it('behind a request has its time when that is answered', async () => {
      const client = await open(server.port);
      const next = head('GET', '/2');
      client.send(head('GET', '/sleep/2000') + next.slice(0, 10));
      expect((await client.response()).body.toString()).toBe('/sleep/2000\n');
      expect((await client.send(next.slice(10)).response()).body.toString()).toBe('/2\n');
      client.send(head('GET', '/sleep/1500') + next.slice(0, 10));
      expect((await client.response()).status).toBe(200);
      expect((await within(client.response(), 0, 3000)) as object).toMatchObject({ status: 408 });
      expect(await client.closed()).toBe('');
    });

    it('before its first byte is closed without a word', async () => {
      const client = await open(server.port);
      expect(await within(client.closed(), 250, 3000)).toBe('');
      expect(server.access).toEqual([]);
    });

    it('between requests is closed without a word', async () => {
      const client = await open(server.port);
      client.send(head('GET', '/1'));
      await client.response();
      expect(await within(client.closed(), 250, 2500)).toBe('');
    });

    it.each([
      ['', () => {}],
      [', whatever it goes on to send', (client: Client) => client.send('GET ')],
    ])('before its answer is cut%s', async (_what, goOn) => {
      const client = await open(server.port, { paused: true });
      client.send(head('GET', '/big/50000000'));
      const timer = setInterval(goOn, 50, client);
      expect(await logged(server, 1)).toEqual([['GET /big/50000000 HTTP/1.1', 499]]);
      expect(server.access[0].ttlb).toBeLessThan(3000);
      clearInterval(timer);
      client.reset();
    });
  });

  describe('an executor that', () => {
    const routes = '/inline = ./lib.so\n/none = ./none.so\n/ = ./lib.so\n[/inline]\nrun = inline\n';
    const server = useServer(start, { maxQueue: 2, routes });

    it.each([
      ['crashes', '/crash', 502, /crashed: SIGSEGV at address 0x8 in /],
      ['returns NULL', '/null', 500, /returned NULL/],
      ['splits the response', '/split/value', 500, /a header value contains/],
      ['splits by a name', '/split/name', 500, /illegal name/],
      ['splits by a bare LF', '/split/bare', 500, /a header value contains/],
      ['splits by the reason', '/split/reason', 500, /reason phrase/],
    ])('%s costs one answer and one line', async (_what, path, status, line) => {
      const client = await open(server.port);
      for (let i = 1; i <= 2; i++) {
        client.send(head('GET', path));
        expect(await client.response()).toMatchObject({ status });
        expect(server.faults).toHaveLength(i);
        expect(server.faults[i - 1]).toMatch(line);
      }
      client.send(head('GET', '/fine'));
      expect((await client.response()).body.toString()).toBe('/fine\n');
      client.half();
    });

    it('has too many waiting refuses with 503', async () => {
      const clients = await Promise.all(Array.from({ length: server.threads + 4 }, () => open(server.port)));
      for (const client of clients) client.send(head('GET', '/sleep/600'));
      await sleep(100);
      // A call on the loop needs no thread.
      expect((await ask(server.port, head('GET', '/inline'))).body.toString()).toBe('/inline\n');
      const responses = await Promise.all(clients.map((client) => client.response()));
      const refused = responses.filter(({ status }) => status === 503);
      expect(refused).toHaveLength(2);
      expect(refused[0].fields).toContainEqual(['retry-after', '1']);
      for (const client of clients) client.half();
    });

    it('can’t be loaded refuses with 503', async () => {
      for (const request of [head('GET', '/none'), `${head('POST', '/none', 'Content-Length: 5')}hello`]) {
        const { status, fields } = await ask(server.port, request);
        expect([status, fields[0]]).toEqual([503, ['retry-after', '1']]);
      }
    });
  });

  describe('a deadline', () => {
    const server = useServer(start, { routes: '/ = ./lib.so\n[/]\ntimeout = 200ms\n' });

    it('that passes is a 504, and the late return is cleaned up', async () => {
      const client = await open(server.port);
      client.send(head('GET', '/1'));
      await client.response();
      const begun = performance.now();
      client.send(head('GET', '/sleep/1500'));
      expect(await client.response()).toMatchObject({ status: 504 });
      const took = performance.now() - begun;
      expect(took).toBeGreaterThanOrEqual(195);
      expect(took).toBeLessThan(1000);
      expect(server.faults).toEqual([expect.stringMatching(/no answer within 200 ms/)]);
      client.send(head('GET', '/2'));
      expect((await client.response()).body.toString()).toBe('/2\n');
      expect(server.held().calls).toBe(1);
      await expect.poll(server.held, { timeout: 5000 }).toEqual({ calls: 0, inFlight: 0, bytes: 0 });
      client.half();
    });
  });
}
