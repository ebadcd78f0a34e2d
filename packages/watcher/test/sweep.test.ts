import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { SETTLE, setScene } from './scene.ts';

// A file system that tells nothing.
vi.mock('chokidar', () => ({
  watch: () => Object.assign(new EventEmitter(), { close: async () => {} }),
}));

test('what no event tells is found by looking once a second', async (context) => {
  const scene = setScene(context);
  scene.write('release-1/a.so', 'old bytes');
  const next = scene.write('release-2/a.so', 'new bytes');
  scene.link('current', 'release-1');
  scene.watcher.watch(scene.at('current/a.so'), null);
  await scene.hashes(1);
  scene.link('current', 'release-2');
  expect((await scene.hashes(2))[1]).toBe(next);
  await sleep(SETTLE);
  const last = scene.write('release-2/a.so', 'more bytes');
  expect((await scene.hashes(3))[2]).toBe(last);
});
