// Ten thousand routes: as quick to start with, and as quick to reload.
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { text } from '../support/client.ts';
import { answerOf, install, numbered } from '../support/library.ts';
import { start, stopAll, temporaryFolder } from '../support/server.ts';
import { startUpstream, stopUpstreams } from '../support/upstream.ts';

afterEach(async () => {
  await stopAll();
  await stopUpstreams();
});

const ROUTES = 10_000;
const LIBRARIES = 20;
const LIMIT_MS = 1000;

it(`serves ${ROUTES} routes within a second of its start, and of a HUP`, async () => {
  const folder = temporaryFolder();
  const first = join(folder, '0.so');
  install(first, numbered()(1));
  for (let i = 1; i < LIBRARIES; i++) copyFileSync(first, join(folder, `${i}.so`));
  const [one, two] = await Promise.all([startUpstream(), startUpstream()]);
  const routes = (which: number) => {
    const lines = Array.from({ length: ROUTES - 2 }, (_, i) => {
      if (i % 2) return `/route-${i}/ = ${join(folder, `${i % LIBRARIES}.so`)}`;
      const urls = [one, two].map(({ port }) => `http://127.0.0.1:${port}`).join(' ');
      return i % 20 ? `/route-${i}/ = ${urls}` : `Host: app-${i}. / = ${urls}`;
    });
    return `${lines.join('\n')}\n/library = ${first}\n/ = http://127.0.0.1:${which}\n`;
  };

  const file = join(folder, 'proxy.ini');
  writeFileSync(file, routes(one.port));
  const began = performance.now();
  const server = await start({ file });
  const started = performance.now() - began;
  // The last ones, each for the first time.
  expect(await text(server.port, '/library')).toBe(answerOf(1));
  expect(await text(server.port, '/steady')).toBe('steady');
  expect(await one.count()).toBe(1);
  const answered = performance.now() - began;

  writeFileSync(file, routes(two.port));
  const told = performance.now();
  server.signal('SIGHUP');
  const reloaded = () => server.stderr().filter((line) => line.includes(`reloaded, ${ROUTES} routes`)).length;
  await expect.poll(reloaded, { timeout: 10_000, interval: 5 }).toBe(1);
  expect(await text(server.port, '/steady')).toBe('steady');
  const took = performance.now() - told;
  expect([await one.count(), await two.count()]).toEqual([1, 1]);

  console.log(
    `started in ${started.toFixed()} ms, answered after ${answered.toFixed()} ms, reloaded in ${took.toFixed()} ms`,
  );
  expect(answered).toBeLessThan(LIMIT_MS);
  expect(took).toBeLessThan(LIMIT_MS);
  expect(server.stderr().filter((line) => /^(error|warning)/.test(line))).toEqual([]);
});
