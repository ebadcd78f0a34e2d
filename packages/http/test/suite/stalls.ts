// Clients that stall: told so, or cut, in time.
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type Client, open } from '../client.ts';
import type { StartServer } from './served.ts';
import { head, logged, useServer } from './use-server.ts';

export function stalls(start: StartServer): void {
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

  it('a client that goes on sending after its last request, and ends, has its whole answer', async () => {
    const server = await start();
    const size = 300_000;
    const client = await open(server.port, { paused: true, allowHalfOpen: true });
    client.send(head('GET', `/big/${size}`, 'Connection: close'));
    await logged(server, 1); // all of it is with the kernel
    client.send('x'.repeat(1000)).half();
    await sleep(100);
    let received = 0;
    client.socket.on('data', (piece: Buffer) => {
      received += piece.length;
    });
    expect(await client.closed()).toBe('');
    expect(received).toBeGreaterThan(size);
    await server.close(0);
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

    it('for its pipelined answer is waited for', async () => {
      const client = await open(server.port);
      client.send(head('GET', '/1') + head('GET', '/sleep/1500'));
      for (const body of ['/1\n', '/sleep/1500\n'])
        expect((await client.response()).body.toString()).toBe(body);
      client.half();
    });

    it('with its own end after the last answer is cut', async () => {
      const client = await open(server.port, { allowHalfOpen: true });
      await client.send(head('GET', '/1', 'Connection: close')).response();
      expect(await client.closed()).toBe('');
      const cut = new Promise((resolve) => client.socket.once('close', resolve));
      const timer = setInterval(() => client.send('a'), 50);
      await within(cut, 500, 6000);
      clearInterval(timer);
    });

    it('before its first byte is closed without a word', async () => {
      const closed = open(server.port).then((client) => client.closed());
      expect(await within(closed, 250, 3000)).toBe('');
      expect(server.access).toEqual([]);
    });

    it('between requests is closed without a word', async () => {
      const client = await open(server.port);
      client.send(head('GET', '/1'));
      const closed = client.response().then(() => client.closed());
      expect(await within(closed, 250, 2500)).toBe('');
    });

    it.each([
      ['', () => {}],
      [', whatever it goes on to send', (client: Client) => client.send('GET ')],
      [', though it sends empty lines', (client: Client) => client.send('\r\n')],
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
}
