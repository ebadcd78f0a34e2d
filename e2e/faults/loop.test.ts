import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { ask, text } from '../support/client.ts';
import { answerOf, compile, install, numbered } from '../support/library.ts';
import { temporaryFolder } from '../support/server.ts';
import { endSites, openSite, type Site } from './support/site.ts';

afterEach(endSites);

const build = numbered();
const crashing = readFileSync(
  compile(
    `flexilib_response *handle_request(flexilib_request *request) { *(volatile int *)8 = 1; return 0; }`,
  ),
);

/**
 * What a client is answered that asks every 20 ms for so long, or until it is told to wait `until` seconds; and the
 * longest time that it is told to wait.
 */
async function insist(site: Site, path: string, milliseconds: number, until = Number.POSITIVE_INFINITY) {
  const seen = new Map<number, number>();
  let longest = 0;
  for (
    const end = performance.now() + milliseconds;
    performance.now() < end && longest < until;
    await sleep(20)
  ) {
    const { status, headers } = await ask(site.server.port, path);
    seen.set(status, (seen.get(status) ?? 0) + 1);
    if (status === 503) expect(headers['retry-after']).toMatch(/^[1-9]\d*$/);
    longest = Math.max(longest, Number(headers['retry-after'] ?? 0));
  }
  return { of: (status: number) => seen.get(status) ?? 0, statuses: [...seen.keys()].sort(), longest };
}

it.each([1, 2])('F37 crash loop of one library: no build before it, %i serving', async (workers) => {
  const library = join(temporaryFolder(), 'lib.so');
  install(library, crashing);
  const site = await openSite({ routes: `/loop = ${library}`, env: { WORKERS: `${workers}` } });
  const answers = await insist(site, '/loop', 10_000, 4);
  expect(answers.statuses).toEqual([502, 503]);
  // Five, and with each return after 1 s, 2 s, one of each process that hasn't heard of it.
  expect(answers.of(502)).toBeGreaterThanOrEqual(5 + 2);
  expect(answers.of(502)).toBeLessThanOrEqual(5 + 2 + 6);
  expect(answers.of(503)).toBeGreaterThan(80);
  expect(answers.longest).toBe(4);
  install(library, build(1));
  await expect.poll(() => text(site.server.port, '/loop'), { timeout: 1000, interval: 10 }).toBe(answerOf(1));
  await site.pass();
  expect(site.lines(/killed|ended by itself/)).toEqual([]);
});

it('F37 crash loop of one library: back to the build before it', async () => {
  const library = join(temporaryFolder(), 'lib.so');
  install(library, build(1));
  const site = await openSite({ routes: `/loop = ${library}` });
  expect(await text(site.server.port, '/loop')).toBe(answerOf(1));
  install(library, crashing);
  await expect
    .poll(async () => (await ask(site.server.port, '/loop')).status, { timeout: 2000, interval: 10 })
    .toBe(502);
  const answers = await insist(site, '/loop', 1000);
  expect(answers.statuses).toEqual([200, 502]);
  expect(answers.of(502)).toBeLessThanOrEqual(5);
  for (let i = 0; i < 50; i++) expect(await text(site.server.port, '/loop')).toBe(answerOf(1));
  install(library, build(2));
  await expect.poll(() => text(site.server.port, '/loop'), { timeout: 1000, interval: 10 }).toBe(answerOf(2));
  await site.pass();
});
