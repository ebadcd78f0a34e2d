import { afterEach, expect, it } from 'vitest';
import { isAlive } from '../support/processes.ts';
import { build, endScenes, modes, openScene } from './support/scene.ts';

afterEach(endScenes);

const library = build('crashes.c');
const lost = (error: Error) => error.message;

it.each(modes)('F4 exit(), _exit(), pthread_exit(): exit, %s', async (mode) => {
  const scene = await openScene({ mode, library, routes: ['/exit'] });
  const { pid } = scene.server;
  expect((await scene.get('/exit')).status).toBe(502);
  expect((await scene.get('/exit/fine')).body.toString()).toBe('fine');
  await scene.line(/GET \/exit: crashed: exit\(3\) called from exit_politely\+0x/);
  await scene.replaced(pid);
  await expect.poll(() => isAlive(pid), { timeout: 12_000 }).toBe(false);
  await scene.pass();
});

it.each(['/_exit', '/kill'].flatMap((route) => modes.map((mode) => [route, mode] as const)))(
  'F4 exit(), _exit(), pthread_exit(): %s, %s',
  async (route, mode) => {
    const scene = await openScene({ mode, library, routes: [route] });
    for (let deaths = 1; deaths <= 2; deaths++) {
      const { pid } = scene.server;
      await scene.get(`${route}/fine`);
      const begun = performance.now();
      expect(await scene.get(route).catch(lost)).toMatch(/socket hang up|ECONNRESET/);
      await scene.line(
        route === '/kill'
          ? new RegExp(`^error: process ${pid} was killed by signal 9`)
          : new RegExp(`^error: process ${pid} ended by itself, with exit status 4`),
      );
      expect((await scene.get(`${route}/fine`)).body.toString()).toBe('fine');
      expect(performance.now() - begun).toBeLessThan(2000);
      expect(scene.server.pid).not.toBe(pid);
    }
    await scene.pass(2);
  },
);

it('F4 exit(), _exit(), pthread_exit(): pthread_exit, pool', async () => {
  const scene = await openScene({ mode: 'pool', library, routes: ['/pthread'] });
  const { pid } = scene.server;
  // More often than there are threads: each that ends has a successor.
  for (let i = 0; i < 4; i++) expect((await scene.get('/pthread')).status).toBe(502);
  expect((await scene.get('/pthread/fine')).body.toString()).toBe('fine');
  await scene.line(/GET \/pthread: crashed: pthread_exit\(3\)/);
  await scene.replaced(pid);
  await scene.pass();
});

it('F4 exit(), _exit(), pthread_exit(): pthread_exit, inline', async () => {
  const scene = await openScene({ mode: 'inline', library, routes: ['/pthread'] });
  const { pid } = scene.server;
  await scene.get('/pthread/fine');
  expect(await scene.get('/pthread').catch(lost)).toMatch(/socket hang up|ECONNRESET/);
  await scene.line(/^error: a library has ended the event loop's thread \(pthread_exit\)/);
  expect((await scene.get('/pthread/fine')).body.toString()).toBe('fine');
  expect(scene.server.pid).not.toBe(pid);
  await scene.pass(1);
});
