import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { ask, keepAlive } from '../support/client.ts';
import { answerOf, install, numbered } from '../support/library.ts';
import type { Load } from '../support/load.ts';
import { isAlive } from '../support/processes.ts';
import { temporaryFolder } from '../support/server.ts';
import { ANSWERS, endSites, openSite } from './support/site.ts';

afterEach(endSites);

/**
 * A silent connection is closed while its next request is on the way: then nothing of an answer has come, and a client may
 * ask again (RFC 9112, section 9.5).
 */
function checkEnd({ wrong, lost }: Load): void {
  expect(wrong).toEqual([]);
  expect(lost.length).toBeLessThanOrEqual(16); // once a connection
  expect(lost.filter((how) => how.includes('after'))).toEqual([]);
}

/** A site with a route whose calls end when the gate is opened. */
async function openGated(env: NodeJS.ProcessEnv) {
  const gate = join(temporaryFolder(), 'gate');
  const library = join(temporaryFolder(), 'lib.so');
  install(library, numbered(gate)(1));
  const site = await openSite({ routes: `/block = ${library}`, env });
  await site.load.more(ANSWERS);
  return { site, open: () => writeFileSync(gate, '') };
}

it.each([1, 2])('F33 supervisor SIGKILLed: %i serving', async (workers) => {
  const { site, open } = await openGated({ WORKERS: `${workers}` });
  const pids = site.server.pids();
  expect(pids).toHaveLength(workers);
  const inFlight = ask(site.server.port, '/block');
  await sleep(100);
  const killed = performance.now();
  process.kill(site.server.supervisor, 'SIGKILL');
  setTimeout(open, 200);
  const answer = await inFlight;
  await expect.poll(() => pids.filter(isAlive), { timeout: 3000, interval: 5 }).toEqual([]);
  expect(performance.now() - killed).toBeLessThan(1000);
  expect(answer.body.toString()).toBe(answerOf(1)); // there was time for it
  checkEnd(site.load);
  await expect(ask(site.server.port, '/steady')).rejects.toThrow('ECONNREFUSED');
});

it.each([
  ['TERM', 1],
  ['TERM', 2],
  ['INT', 1],
])('F34 TERM under load: SIG%s, %i serving', async (signal, workers) => {
  const { site, open } = await openGated({ WORKERS: `${workers}` });
  const { server, load } = site;
  const pids = server.pids();
  const idle = await keepAlive(server.port);
  expect((await idle.get('/steady')).status).toBe(200);
  const inFlight = ask(server.port, '/block');
  await sleep(100);
  server.signal(`SIG${signal}` as 'SIGTERM');
  const told = performance.now();
  await sleep(300);
  await expect(ask(server.port, '/steady')).rejects.toThrow('ECONNREFUSED');
  open();
  const response = await inFlight;
  expect([response.status, response.body.toString()]).toEqual([200, answerOf(1)]);
  expect(response.headers.connection).toBe('close');
  expect(await server.exit).toBe(0);
  expect(performance.now() - told).toBeLessThan(2000); // it waits for nobody who is silent
  expect(pids.filter(isAlive)).toEqual([]);
  checkEnd(load);
  expect(site.lines(/^(error|warning)/)).toEqual([]);
});
