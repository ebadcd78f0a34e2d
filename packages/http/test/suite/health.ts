// A library that crashes again and again, seen by clients.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { ask, open } from '../client.ts';
import type { StartServer } from './served.ts';
import { head } from './use-server.ts';

export function health(start: StartServer, library: () => string): void {
  const routes = '/inline = ./lib.so\n/ = ./lib.so\n[/inline]\nrun = inline\n[/]\ntimeout = 200ms\n';
  const post = (target: string) => `${head('POST', target, 'Content-Length: 5')}hello`;

  it.each([
    ['on the pool', '/crash', 502],
    ['on the loop', '/inline/crash', 502],
    ['past its deadline', '/sleep/300/crash', 504],
  ])('that crashes five times %s is out, for as long as Retry-After says', async (_where, target, status) => {
    const server = await start({ routes, library: library(), health: true });
    try {
      for (let i = 0; i < 5; i++) {
        expect((await ask(server.port, head('GET', target))).status).toBe(status);
        await expect.poll(() => server.held().calls, { timeout: 5000 }).toBe(0);
      }
      const reports = () => server.faults.filter((fault) => fault.includes('crashed: SIGSEGV'));
      await expect.poll(reports, { timeout: 3000 }).toHaveLength(5); // each once its lines are looked up
      const refusals = async () => {
        const all: unknown[] = [];
        for (const request of [head('GET', '/'), head('GET', '/inline'), post('/')]) {
          const { status, fields } = await ask(server.port, request);
          all.push(status, fields.find(([name]) => name === 'retry-after')?.[1]);
        }
        return all;
      };
      expect(await refusals()).toEqual([503, '1', 503, '1', 503, '1']);
      await sleep(1050);
      const client = await open(server.port);
      client.send(head('GET', '/fine'));
      expect((await client.response()).body.toString()).toBe('/fine\n');
      client.send(head('GET', '/crash'));
      expect((await client.response()).status).toBe(502);
      expect(await refusals()).toEqual([503, '2', 503, '2', 503, '2']);
      client.half();
    } finally {
      await server.close(0);
    }
  });
}
