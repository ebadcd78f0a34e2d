import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { opened } from './support/raw.ts';
import { endSites, obedient, openSite, type Site } from './support/site.ts';

afterEach(endSites);

const library = obedient();
const get = (target: string) => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;
const post = (fields: string, body: string) => `POST /echo HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n${body}`;

/** Bytes that are sent, and how long after them the client resets the connection, in milliseconds. */
const stages: [bytes: string, after: number][] = [
  ['', 0],
  ['GET / HT', 0],
  ['GET / HTTP/1.1\r\nHost: a\r\nX: ', 1],
  [post('Content-Length: 100', 'half'), 0],
  [post('Content-Length: 100000', 'b'.repeat(50_000)), 1],
  [post('Transfer-Encoding: chunked', '5\r\nhe'), 0],
  [get('/sleep/5'), 2],
  [get('/big/1000000'), 1],
  [get('/big/1000000'), 5],
  [get('/1').repeat(20) + get('/sleep/2').repeat(3), 1],
];

async function abort(site: Site, count: number): Promise<void> {
  let next = 0;
  const clients = Array.from({ length: 50 }, async () => {
    while (next < count) {
      const [bytes, after] = stages[next++ % stages.length];
      const socket = await opened(site.server.port);
      socket.on('error', () => {});
      if (bytes) socket.write(bytes);
      if (bytes.includes('big') && after > 1) socket.once('readable', () => {}); // some of it arrives
      if (after) await sleep(after);
      socket.resetAndDestroy();
    }
  });
  await Promise.all(clients);
}

/** Bytes of memory that are nobody else's. */
function memory(pid: number): number {
  const [, resident, shared] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ').map(Number);
  return (resident - shared) * 4096;
}

it('F31 aborts at every stage, 10,000 times', async () => {
  const site = await openSite({ routes: `/ = ${library}` });
  const { server, load } = site;
  await abort(site, 1000); // what it needs for that it may keep
  await sleep(300);
  const before = server.resources();
  const held = memory(server.pid);
  const { pid } = server;
  await abort(site, 10_000);
  await site.pass();
  await expect.poll(() => server.resources(), { timeout: 5000 }).toEqual(before);
  expect(server.pid).toBe(pid);
  expect(site.lines(/^(error|warning)/)).toEqual([]);
  // What a burst has needed is given back when there is nothing to do.
  await load.stop();
  await expect.poll(() => memory(pid), { timeout: 15_000, interval: 200 }).toBeLessThan(held);
});
