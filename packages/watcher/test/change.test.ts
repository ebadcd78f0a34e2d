import { mkdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { type Scene, SETTLE, setScene, sha } from './scene.ts';

// Events alone must do here: the look once a second has a test of its own.
vi.stubGlobal('setInterval', () => setTimeout(() => {}, 0));

const OLD = 'old bytes';
const NEW = 'new bytes'; // as long as the old ones, so that no size tells

type Case = [name: string, path: string, before: (scene: Scene) => void, act: (scene: Scene) => unknown];

const plain = (scene: Scene) => scene.write('lib/a.so', OLD);
const releases = (scene: Scene) => {
  scene.write('release-1/a.so', OLD);
  scene.write('release-2/a.so', NEW);
  scene.link('current', 'release-1');
};

const cases: Case[] = [
  ['overwritten in place', 'lib/a.so', plain, (s) => s.write('lib/a.so', NEW)],
  ['renamed over', 'lib/a.so', plain, (s) => s.replace('lib/a.so', NEW)],
  [
    'overwritten in place, its modification time put back',
    'lib/a.so',
    plain,
    (s) => {
      const { atime, mtime } = statSync(s.at('lib/a.so'));
      s.write('lib/a.so', NEW);
      utimesSync(s.at('lib/a.so'), atime, mtime);
    },
  ],
  [
    'deleted and made again',
    'lib/a.so',
    plain,
    async (s) => {
      rmSync(s.at('lib/a.so'));
      await sleep(2 * SETTLE);
      s.write('lib/a.so', NEW);
    },
  ],
  [
    'a link to a file, swapped',
    'a.so',
    (s) => {
      s.write('a.so.1', OLD);
      s.write('a.so.2', NEW);
      s.link('a.so', 'a.so.1');
    },
    (s) => s.link('a.so', 'a.so.2'),
  ],
  [
    'the file behind a link, overwritten',
    'a.so',
    (s) => {
      s.write('elsewhere/a.so', OLD);
      s.link('a.so', s.at('elsewhere/a.so')); // absolute; the others are relative
    },
    (s) => s.write('elsewhere/a.so', NEW),
  ],
  ['a link to its directory, swapped', 'current/a.so', releases, (s) => s.link('current', 'release-2')],
  [
    'a link to its directory, removed and made again',
    'current/a.so',
    releases,
    async (s) => {
      rmSync(s.at('current'));
      await sleep(2 * SETTLE);
      s.link('current', 'release-2');
    },
  ],
  [
    'its directory replaced',
    'lib/a.so',
    plain,
    (s) => {
      s.write('new/a.so', NEW);
      renameSync(s.at('lib'), s.at('lib.old'));
      renameSync(s.at('new'), s.at('lib'));
    },
  ],
  [
    'its directory moved away, and another put there later',
    'lib/a.so',
    plain,
    async (s) => {
      s.write('new/a.so', NEW);
      renameSync(s.at('lib'), s.at('lib.old'));
      await sleep(2 * SETTLE);
      renameSync(s.at('new'), s.at('lib'));
    },
  ],
  [
    'the directory above replaced',
    'app/lib/a.so',
    (s) => s.write('app/lib/a.so', OLD),
    (s) => {
      s.write('new/lib/a.so', NEW);
      renameSync(s.at('app'), s.at('app.old'));
      renameSync(s.at('new'), s.at('app'));
    },
  ],
  [
    'its directory deleted with all in it and made again',
    'lib/a.so',
    plain,
    async (s) => {
      rmSync(s.at('lib'), { recursive: true });
      await sleep(2 * SETTLE);
      s.write('lib/a.so', NEW);
    },
  ],
];

describe.concurrent('one event, for the new bytes', () => {
  test.for(cases)('%s', async ([_name, path, before, act], { expect, ...context }) => {
    const scene = setScene(context);
    before(scene);
    scene.watcher.watch(scene.at(path), sha(OLD));
    await sleep(3 * SETTLE);
    await act(scene);
    expect(await scene.hashes(1)).toEqual([sha(NEW)]);
    // And it goes on seeing what comes next, at whatever place the file is now.
    const third = scene.write(path, 'third bytes');
    expect(await scene.hashes(2)).toEqual([sha(NEW), third]);
  });

  test('written slowly, for longer than one that is replaced is waited for', async ({
    expect,
    ...context
  }) => {
    const scene = setScene(context, { settle: 2 * SETTLE });
    scene.watcher.watch(scene.at('a.so'), scene.write('a.so', OLD));
    const slow = NEW.repeat(7);
    for (let length = 1; length <= slow.length; length++) {
      scene.write('a.so', slow.slice(0, length));
      await sleep(SETTLE / 5);
    }
    expect(await scene.hashes(1)).toEqual([sha(slow)]);
  });

  test('there since before it was watched', async ({ expect, ...context }) => {
    const scene = setScene(context);
    scene.write('a.so', NEW);
    scene.watcher.watch(scene.at('a.so'), null);
    scene.write('b.so', NEW);
    scene.watcher.watch(scene.at('b.so'), sha(OLD));
    expect(await scene.hashes(2)).toEqual([sha(NEW), sha(NEW)]);
  });

  test('not there yet, nor its directories', async ({ expect, ...context }) => {
    const scene = setScene(context);
    scene.watcher.watch(scene.at('a/b/c.so'), null);
    await sleep(2 * SETTLE);
    mkdirSync(scene.at('a'));
    await sleep(2 * SETTLE);
    mkdirSync(scene.at('a/b'));
    await sleep(2 * SETTLE);
    writeFileSync(scene.at('a/b/c.so'), NEW);
    expect(await scene.hashes(1)).toEqual([sha(NEW)]);
    expect(scene.problems).toEqual([]);
  });

  test('several files in one directory', async ({ expect, ...context }) => {
    const scene = setScene(context);
    for (const name of ['a.so', 'b.so', 'c.so']) {
      scene.watcher.watch(scene.at(name), scene.write(name, OLD));
    }
    await sleep(3 * SETTLE);
    scene.write('a.so', NEW);
    scene.replace('c.so', NEW);
    await scene.hashes(2);
    expect(scene.events.map(({ path }) => path).sort()).toEqual([scene.at('a.so'), scene.at('c.so')]);
  });

  test('watched twice', async ({ expect, ...context }) => {
    const scene = setScene(context);
    scene.watcher.watch(scene.at('a.so'), scene.write('a.so', OLD));
    scene.watcher.watch(scene.at('a.so'), null);
    await sleep(3 * SETTLE);
    scene.write('a.so', NEW);
    expect(await scene.hashes(1)).toEqual([sha(NEW)]);
  });
});

test('a rename over is reported well within the time a swap may take', async (context) => {
  const scene = setScene(context);
  scene.watcher.watch(scene.at('a.so'), scene.write('a.so', OLD));
  await sleep(3 * SETTLE);
  const took: number[] = [];
  for (let round = 1; round <= 5; round++) {
    const start = performance.now();
    scene.replace('a.so', `build ${round}`);
    await scene.until('the event', () => scene.events.length === round);
    took.push(scene.events.at(-1)!.at - start);
    await sleep(SETTLE);
  }
  // The best of five, since a busy machine may delay any one of them.
  expect(Math.min(...took)).toBeGreaterThan(SETTLE * 0.9);
  expect(Math.min(...took)).toBeLessThan(250);
});
