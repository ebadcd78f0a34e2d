// Executors that misbehave, are late, can't be loaded or are too busy.
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ask, open } from '../client.ts';
import type { StartServer } from './served.ts';
import { head, useServer } from './use-server.ts';

export function executors(start: StartServer): void {
  describe('an executor that', () => {
    const routes = '/inline = ./lib.so\n/none = ./none.so\n/ = ./lib.so\n[/inline]\nrun = inline\n';
    const server = useServer(start, { maxQueue: 2, routes });

    it.each([
      [
        'crashes',
        '/crash',
        502,
        /crashed: SIGSEGV at address 0x8 in .*\n {2}#0 .*lib\.c:\d+(\n {5}inlined in .*lib\.c:\d+)*$/,
      ],
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
        await expect.poll(() => server.faults, { timeout: 3000 }).toHaveLength(i); // a crash's report follows
        expect(server.faults[i - 1]).toMatch(line);
      }
      client.send(head('GET', '/fine'));
      expect((await client.response()).body.toString()).toBe('/fine\n');
      client.half();
    });

    it('has too many waiting refuses with 503', async () => {
      const clients = await Promise.all(Array.from({ length: server.threads + 4 }, () => open(server.port)));
      for (const client of clients) client.send(`${head('POST', '/sleep/600', 'Content-Length: 5')}hello`);
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
      client.send(head('GET', '/sleep/4000'));
      expect(await client.response()).toMatchObject({ status: 504 });
      const took = performance.now() - begun;
      expect(took).toBeGreaterThanOrEqual(195);
      expect(took).toBeLessThan(1000);
      // Told once its thread has said where it is.
      const line =
        /^generation 1, GET \/sleep\/4000: no answer within 200 ms: still in \S+ \(libc\.so\.6\), called from .+\n {2}#0 /;
      await expect.poll(() => server.faults, { timeout: 3000 }).toEqual([expect.stringMatching(line)]);
      expect(server.faults[0]).toMatch(
        /\n(?: {2}#\d+| {5}inlined in) .*handle_request\+0x[0-9a-f]+( at .*lib\.c:\d+)?$/,
      );
      client.send(head('GET', '/2'));
      expect((await client.response()).body.toString()).toBe('/2\n');
      expect(server.held().calls).toBe(1);
      await expect.poll(server.held, { timeout: 8000 }).toEqual({ calls: 0, inFlight: 0, bytes: 0 });
      client.half();
    });

    it.each([
      ['NULL', '/sleep/500/null', []],
      ['crash', '/sleep/500/crash', [expect.stringMatching(/crashed: SIGSEGV/)]],
    ])('hides a late %s from the client, and a crash not from the operator', async (_what, path, told) => {
      expect((await ask(server.port, head('GET', path))).status).toBe(504);
      await expect.poll(() => server.held().calls, { timeout: 5000 }).toBe(0);
      const lines = [expect.stringMatching(/no answer within 200 ms/), ...told];
      await expect.poll(() => server.faults, { timeout: 3000 }).toHaveLength(lines.length);
      expect(server.faults).toEqual(expect.arrayContaining(lines)); // two reports, made at a time
    });
  });

  describe('max_concurrency', () => {
    const server = useServer(start, {
      routes: '/sleep = ./lib.so\n/ = ./lib.so\n[/sleep]\nmax_concurrency = 2\ntimeout = 300ms\n',
    });

    it('bounds the calls of its route, those that are given up included, and of no other', async () => {
      await ask(server.port, head('GET', '/1'));
      const both = [1, 2].map(() => ask(server.port, head('GET', '/sleep/800')));
      await expect.poll(() => server.held().inFlight).toBe(2);
      const third = await ask(server.port, head('GET', '/sleep/1'));
      expect([third.status, third.fields[0]]).toEqual([503, ['retry-after', '1']]);
      expect((await ask(server.port, head('GET', '/2'))).status).toBe(200);
      for (const { status } of await Promise.all(both)) expect(status).toBe(504);
      expect((await ask(server.port, head('GET', '/sleep/1'))).status).toBe(503); // their threads are still held
      await expect.poll(() => server.held().calls, { timeout: 5000 }).toBe(0);
      expect((await ask(server.port, head('GET', '/sleep/1'))).status).toBe(200);
    });
  });

  describe('inline, a deadline', () => {
    const server = useServer(start, { routes: '/ = ./lib.so\n[/]\ntimeout = 200ms\nrun = inline\n' });

    it('stops the call, and says where', async () => {
      const begun = performance.now();
      expect((await ask(server.port, head('GET', '/sleep/3000'))).status).toBe(504);
      expect(performance.now() - begun).toBeLessThan(300);
      await expect.poll(() => server.faults, { timeout: 3000 }).toHaveLength(2);
      expect(server.faults).toContainEqual(
        expect.stringMatching(/GET \/sleep\/3000: took too long: stopped in /),
      );
      expect((await ask(server.port, head('GET', '/2'))).body.toString()).toBe('/2\n');
    });
  });
}
