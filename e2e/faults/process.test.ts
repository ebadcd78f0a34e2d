import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { isAlive } from '../support/processes.ts';
import { build, endScenes, modes, openScene } from './support/scene.ts';

afterEach(endScenes);

const mischief = build('mischief.c');
/** What a library has changed is put back so often, and then a little. */
const MENDED_MS = 500;

it.each(modes)('F10 changes signal handlers, masks, cwd, locale, environ, umask: %s', async (mode) => {
  const scene = await openScene({ mode, library: mischief, routes: ['/change', '/crash'] });
  const { server } = scene;
  const { pid } = server;
  // On all threads, the one more included.
  await Promise.all(Array.from({ length: 12 }, () => scene.get('/change')));
  await sleep(MENDED_MS);
  for (const what of ['signal handlers', 'the umask', 'the working directory'])
    await scene.line(new RegExp(`^warning: a library changed ${what} of the process; it is mended`));

  server.signal('SIGHUP');
  await scene.line(/reloaded, 3 routes/);
  expect(server.pid).toBe(pid);
  const crashes = await Promise.all(Array.from({ length: 4 }, () => scene.get('/crash')));
  expect(crashes.map(({ status }) => status)).toEqual([502, 502, 502, 502]);
  expect(scene.lines(/^error: process/)).toEqual([]);
  await scene.replaced(pid);
  await scene.pass();
  await scene.load.stop();
  server.signal('SIGTERM');
  expect(await server.exit).toBe(0);
});

it.each(modes)('F10 closes fds 0 to 2: %s', async (mode) => {
  const scene = await openScene({ mode, library: mischief, routes: ['/close'] });
  const { server } = scene;
  const { pid } = server;
  for (const fd of [0, 1, 2]) await scene.get(`/close/${fd}`);
  // Connections that are accepted now get these numbers, and must not get the log with them.
  await Promise.all(Array.from({ length: 50 }, () => scene.get('/close-none')));
  await scene.load.more(5000);
  await sleep(MENDED_MS);
  await scene.line(/^warning: a library changed the descriptors 0 to 2 of the process; it is mended/);
  server.signal('SIGHUP');
  await scene.line(/reloaded, 2 routes/);
  await scene.pass();
  expect(server.pid).toBe(pid);
  await scene.load.stop();
  server.signal('SIGTERM');
  expect(await server.exit).toBe(0);
  expect(server.stdout().length).toBeGreaterThan(scene.load.answered); // no line went elsewhere
});

/** The descriptors that a process has, without its connections. */
function descriptorsOf(pid: number, connections: number): number[] {
  const all = readdirSync(`/proc/${pid}/fd`).map(Number);
  const sockets = all.filter((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith('socket:'));
  return all.filter((fd) => fd > 2 && !sockets.slice(-connections).includes(fd));
}

// Which one it was decides whether the process can go on. If it can't, it sees that soon, and another takes its place.
it.each(modes)('F10 closes an arbitrary fd: %s', async (mode) => {
  const scene = await openScene({ mode, library: mischief, routes: ['/close'] });
  const { server, load } = scene;
  const descriptors = descriptorsOf(server.pid, 16);
  expect(descriptors.length).toBeGreaterThan(15);
  // Some of them each: who dies again and again is started later and later.
  for (const fd of descriptors.filter((_, i) => i % 4 === modes.indexOf(mode))) {
    await scene.get(`/close/${fd}`).catch(() => {});
    await sleep(MENDED_MS);
    await load.more(500);
    expect((await scene.get('/close-none')).body.toString()).toBe('fine');
  }
  const deaths = scene.lines(/^error: process \d+ (ended by itself|was killed|.*: killed)/).length;
  expect(deaths).toBeGreaterThan(2);
  await scene.pass(deaths + 1); // one may have been a connection's
});

it.each(modes)('F11 closes all fds of the process: %s', async (mode) => {
  const scene = await openScene({ mode, library: mischief, routes: ['/close-all'] });
  const { pid } = scene.server;
  await scene.get('/close-all-but-none');
  const begun = performance.now();
  await scene.get('/close-all').catch(() => {});
  await scene.replaced(pid, 1000);
  expect(performance.now() - begun).toBeLessThan(1000);
  expect(isAlive(pid)).toBe(false);
  await scene.pass(1);
});

function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`)
    .flatMap((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim().split(' '))
    .map(Number)
    .filter((child) => child > 0 && isAlive(child));
}

it.each(modes)('F12 forks: %s', async (mode) => {
  const routes = ['/fork', '/daemon', '/return', '/crash'];
  const scene = await openScene({ mode, library: mischief, routes });
  const { server } = scene;
  const { pid } = server;
  const forked = async () => {
    const children = [];
    for (const path of ['/fork', '/daemon', '/daemon/child'])
      children.push(Number((await scene.get(path)).body));
    expect(children.map(isAlive)).toEqual([true, true, true]);
    return children;
  };
  const first = await forked();
  // What returns from the call in a copy of the process answers nobody.
  for (let i = 0; i < 5; i++) expect((await scene.get('/return')).body.toString()).toBe('fine');
  await expect.poll(() => childrenOf(pid)).toEqual([first[0]]);
  await scene.get('/crash');
  await scene.replaced(pid);
  await expect.poll(() => isAlive(pid), { timeout: 12_000 }).toBe(false);
  await expect.poll(() => first.map(isAlive), { timeout: 1000 }).toEqual([false, false, false]);

  const second = await forked();
  await scene.pass();
  await scene.load.stop();
  server.signal('SIGTERM');
  expect(await server.exit).toBe(0);
  expect(second.map(isAlive)).toEqual([false, false, false]);
});
