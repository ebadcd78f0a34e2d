// What HUP does to who is being served: nothing.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { text } from '../support/client.ts';
import { answerOf, install, numbered } from '../support/library.ts';
import { temporaryFolder } from '../support/server.ts';
import { endSites, openSite, type Site } from './support/site.ts';

afterEach(endSites);

const build = numbered();
const [one, two] = [1, 2].map((n) => {
  const path = join(temporaryFolder(), `${n}.so`);
  install(path, build(n));
  return path;
});

/** In one step: the HUP before it may still be reading. */
function hup(site: Site, config: string): void {
  install(site.server.config, Buffer.from(config));
  site.server.signal('SIGHUP');
}

it('F20 bad config on HUP: the old one stays, each error is named with its line', async () => {
  const site = await openSite({ routes: `/numbered = ${one}` });
  const { port } = site.server;
  expect(await text(port, '/numbered')).toBe(answerOf(1));
  const bad = `/numbered = ${two}\nnonsense\n/a = ${two} ${two}\n[/numbered]\ntimeuot = 5\n[server]\nport = many`;
  hup(site, site.config(bad));
  await site.told(/: not reloaded, 4 errors; the configuration before it goes on$/);
  const named = site.lines(/^error: .*proxy\.ini:\d+: /).map((line) => Number(/ini:(\d+):/.exec(line)![1]));
  expect(named).toEqual([3, 4, 6, 8]); // after the line of /steady
  expect(await text(port, '/numbered')).toBe(answerOf(1));
  // Who takes its place has the old one too, though the file is as it is.
  const { pid } = site.server;
  process.kill(pid, 'SIGKILL');
  expect(await text(port, '/numbered')).toBe(answerOf(1));
  hup(site, site.config(`/numbered = ${two}`));
  await expect.poll(() => text(port, '/numbered'), { timeout: 1000, interval: 10 }).toBe(answerOf(2));
  await site.pass(16); // what was in the killed one
});

it.each([1, 2])('F22 100 HUPs under load: %i serving', async (workers) => {
  const site = await openSite({ routes: `/numbered = ${one}`, env: { WORKERS: `${workers}` } });
  const { server } = site;
  const before = server.resources();
  for (let i = 0; i < 100; i++) {
    hup(site, i % 10 === 5 ? 'nonsense\n' : site.config(`/numbered = ${i % 2 ? one : two}\n/${i} = ${two}`));
    await sleep(i % 3 === 0 ? 1 : 20); // some come while the one before is read
    expect([answerOf(1), answerOf(2)]).toContain(await text(server.port, '/numbered'));
  }
  hup(site, site.config(`/numbered = ${one}\n/last = ${two}`));
  const asked = performance.now();
  // Each process reads the file for itself.
  const answers = async () => {
    const all = new Set<string>();
    for (let i = 0; i < 20; i++) all.add(await text(server.port, '/last'));
    return [...all];
  };
  await expect.poll(answers, { interval: 5 }).toEqual([answerOf(2)]);
  expect(await text(server.port, '/numbered')).toBe(answerOf(1));
  expect(performance.now() - asked).toBeLessThan(1000);
  expect(site.lines(/: reloaded, /).length).toBeGreaterThan(40);
  expect(site.lines(/^error: .*ini:1: there is no `=`/).length).toBeGreaterThan(3);
  await site.pass();
  expect(site.lines(/^warning/)).toEqual([]);
  await site.load.stop();
  const bounds = { copies: 3 * workers, descriptors: before.descriptors + 16, threads: before.threads };
  for (const [name, bound] of Object.entries(bounds))
    await expect
      .poll(() => server.resources()[name as keyof typeof bounds], { timeout: 5000 })
      .toBeLessThanOrEqual(bound);
});

it('F22 100 HUPs under load: whose process is killed at that moment', async () => {
  const site = await openSite({ routes: `/numbered = ${one}` });
  const kills = 4;
  for (let i = 0; i < kills; i++) {
    const { pid } = site.server;
    hup(site, site.config(`/numbered = ${i % 2 ? one : two}`));
    if (i > 1) await sleep(2); // it is reading, or about to
    process.kill(pid, 'SIGKILL');
    await expect
      .poll(() => text(site.server.port, '/numbered'), { timeout: 2000, interval: 10 })
      .toBe(answerOf(i % 2 ? 1 : 2));
  }
  await site.pass(kills * 16);
});
