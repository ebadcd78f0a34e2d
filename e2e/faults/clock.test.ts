import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { ask, keepAlive } from '../support/client.ts';
import { temporaryFolder } from '../support/server.ts';
import { ANSWERS, endSites, obedient, openSite } from './support/site.ts';

afterEach(endSites);

const preload = join(temporaryFolder(), 'clock.so');
const source = join(import.meta.dirname, 'support/clock.c');
execFileSync('zig', ['cc', '-shared', '-fPIC', '-O1', source, '-o', preload], { stdio: 'inherit' });
const library = obedient();

const HOUR = 3600;
// The first that fits: /sleep/700 has less time than it takes.
const routes = `/sleep/700 = ${library}\n/sleep/ = ${library}`;
const sections = '[server]\nidle_timeout = 30s\nheader_timeout = 30s\n[/sleep/700]\ntimeout = 500ms';

it.each([
  ['on', HOUR],
  ['back', -HOUR],
])('F36 the clock jumps an hour: %s', async (_where, seconds) => {
  const clock = join(temporaryFolder(), 'clock');
  writeFileSync(clock, '0');
  const env = { LD_PRELOAD: preload, CLOCK_SHIFT: clock };
  const site = await openSite({ routes, sections, env });
  const { server, load } = site;
  const { port } = server;
  /** How far ahead of our clock the server's is, by the date in its answers. */
  const ahead = async () => {
    const { headers } = await ask(port, '/steady');
    return Math.round((Date.parse(headers.date!) - Date.now()) / 1000);
  };
  expect(Math.abs(await ahead())).toBeLessThan(3);
  await load.more(ANSWERS / 2);

  const idle = await keepAlive(port);
  expect((await idle.get('/steady')).status).toBe(200);
  const slow = connect(port, '127.0.0.1'); // in the middle of its head
  slow.write('GET /steady HTTP/1.1\r\nHo');
  const answer = new Promise<string>((resolve) => slow.once('data', (data) => resolve(data.toString())));
  const inFlight = ask(port, '/sleep/1000');
  await sleep(100);
  const jumped = performance.now();
  writeFileSync(clock, `${seconds}`);
  await expect.poll(async () => Math.abs((await ahead()) - seconds), { timeout: 3000 }).toBeLessThan(3);

  // No timeout has fired.
  expect((await inFlight).status).toBe(200);
  expect(performance.now() - jumped).toBeLessThan(1500);
  expect((await idle.get('/steady')).status).toBe(200);
  slow.write('st: a\r\n\r\n');
  expect(await answer).toMatch(/^HTTP\/1\.1 200 /);
  slow.destroy();
  // And none hangs.
  const begun = performance.now();
  expect((await ask(port, '/sleep/700')).status).toBe(504);
  expect(performance.now() - begun).toBeLessThan(650);
  await site.pass();
  // The supervisor hasn't killed it for its silence, and replaces it in time.
  expect(site.lines(/does not answer/)).toEqual([]);
});
