import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { SETTLE, setScene } from './scene.ts';

// A file system that tells nothing.
const system = vi.hoisted(() => ({ watch: () => {}, emitters: [] as EventEmitter[] }));
vi.mock('node:fs', async (original) => ({
  ...(await original<typeof import('node:fs')>()),
  watch: () => {
    system.watch();
    const watcher = Object.assign(new EventEmitter(), { close: () => {} });
    system.emitters.push(watcher);
    return watcher;
  },
}));
afterEach(() => {
  system.watch = () => {};
});

test('what no event tells is found by looking once a second', async (context) => {
  const scene = setScene(context);
  scene.write('release-1/a.so', 'old bytes');
  const next = scene.write('release-2/a.so', 'new bytes');
  scene.link('current', 'release-1');
  scene.watcher.watch(scene.at('current/a.so'), null);
  await scene.hashes(1);
  scene.link('current', 'release-2');
  expect((await scene.hashes(2))[1]).toBe(next);
  await sleep(SETTLE); // so that the modification time, all that tells here, is another
  const last = scene.write('release-2/a.so', 'top bytes');
  expect((await scene.hashes(3))[2]).toBe(last);
});

test('what happened before the listening began is found once it begins', async (context) => {
  vi.stubGlobal('setInterval', () => setTimeout(() => {}, 0));
  const scene = setScene(context);
  scene.watcher.watch(scene.at('a.so'), scene.write('a.so', 'old bytes'));
  vi.unstubAllGlobals();
  expect(await scene.hashes(0)).toEqual([]);
  let next = '';
  system.watch = () => {
    next = scene.write('a.so', 'new bytes');
  };
  scene.watcher.watch(scene.at('b.so'), null); // listening begins anew
  expect(await scene.hashes(1)).toEqual([next]);
});

const fail = (code: string) => {
  throw Object.assign(new Error(`${code}: refused`), { code });
};

test('without watches the reason is told once, and looking goes on', async (context) => {
  const scene = setScene(context);
  system.watch = () => fail('ENOSPC');
  scene.watcher.watch(scene.at('a.so'), scene.write('a.so', 'old bytes'));
  await scene.hashes(0);
  const next = scene.write('a.so', 'new bytes');
  expect(await scene.hashes(1)).toEqual([next]);
  expect(scene.problems).toEqual(["can't be watched, so it is looked at once a second: ENOSPC: refused"]);
});

test('a watch that breaks is told, too', async (context) => {
  const scene = setScene(context);
  scene.watcher.watch(scene.at('a.so'), scene.write('a.so', 'old bytes'));
  await scene.hashes(0);
  for (const _ of [1, 2]) system.emitters.at(-1)!.emit('error', new Error('EIO: broken'));
  expect(scene.problems).toEqual(["can't be watched, so it is looked at once a second: EIO: broken"]);
});

test('a directory that may only be passed through is no problem', async (context) => {
  const scene = setScene(context);
  system.watch = () => fail('EACCES');
  scene.watcher.watch(scene.at('a.so'), scene.write('a.so', 'old bytes'));
  await scene.hashes(0);
  const next = scene.write('a.so', 'new bytes');
  expect(await scene.hashes(1)).toEqual([next]);
  expect(scene.problems).toEqual([]);
});
