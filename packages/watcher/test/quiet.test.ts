import { copyFileSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, test } from 'vitest';
import { type Scene, SETTLE, setScene, sha } from './scene.ts';

const OLD = '\x7fELF old bytes';

/** A scene whose a.so is watched, known, and at rest. */
async function atRest(context: Parameters<typeof setScene>[0]): Promise<Scene & { old: string }> {
  const scene = setScene(context);
  const old = scene.write('a.so', OLD);
  scene.watcher.watch(scene.at('a.so'), old);
  await sleep(3 * SETTLE);
  return { ...scene, old };
}

describe.concurrent('no event', () => {
  test('touched, copied over with the same bytes, renamed over with the same bytes', async ({
    expect,
    ...context
  }) => {
    const scene = await atRest(context);
    utimesSync(scene.at('a.so'), new Date(), new Date());
    await sleep(2 * SETTLE);
    scene.write('a.so', OLD);
    await sleep(2 * SETTLE);
    scene.replace('a.so', OLD);
    expect(await scene.hashes(0)).toEqual([]);
  });

  test('deleted: told once; made again with the same bytes', async ({ expect, ...context }) => {
    const scene = await atRest(context);
    rmSync(scene.at('a.so'));
    await scene.until('the problem', () => scene.problems.length === 1);
    scene.write('b.so', 'a neighbour');
    await sleep(2 * SETTLE);
    scene.write('a.so', OLD);
    expect(await scene.hashes(0)).toEqual([]);
    expect(scene.problems).toEqual([expect.stringMatching(/^is gone; .*put it back/)]);
    rmSync(scene.at('a.so'));
    await scene.until('the problem again', () => scene.problems.length === 2);
  });

  test('gone only between two builds', async ({ expect, ...context }) => {
    const scene = await atRest(context);
    rmSync(scene.at('a.so'));
    await sleep(SETTLE / 5);
    const built = scene.write('a.so', 'next build');
    expect(await scene.hashes(1)).toEqual([built]);
    expect(scene.problems).toEqual([]);
  });

  test('changed and put back before it settled', async ({ expect, ...context }) => {
    const scene = await atRest(context);
    scene.write('a.so', 'something else');
    await sleep(SETTLE / 5);
    scene.write('a.so', OLD);
    expect(await scene.hashes(0)).toEqual([]);
  });

  test('loaded by the caller before it was reported', async ({ expect, ...context }) => {
    const scene = await atRest(context);
    scene.watcher.known(scene.at('a.so'), scene.write('a.so', 'made by ourselves'));
    expect(await scene.hashes(0)).toEqual([]);
  });

  test('after unwatch; and after watch again, as if for the first time', async ({ expect, ...context }) => {
    const scene = await atRest(context);
    scene.write('a.so', 'something else');
    await sleep(SETTLE / 2);
    scene.watcher.unwatch(scene.at('a.so'));
    expect(await scene.hashes(0)).toEqual([]);
    scene.watcher.watch(scene.at('a.so'), scene.old);
    expect(await scene.hashes(1)).toEqual([sha('something else')]);
  });
});

describe.concurrent('what the caller makes of an event', () => {
  test('half a library, refused, then the old one back: an event for each', async ({
    expect,
    ...context
  }) => {
    const scene = await atRest(context);
    const half = scene.write('a.so', OLD.slice(0, 6));
    expect(await scene.hashes(1)).toEqual([half]);
    // The caller keeps the old one; even when it says so again, nothing is reported over and over.
    scene.watcher.known(scene.at('a.so'), scene.old);
    expect(await scene.hashes(1)).toEqual([half]);
    scene.write('a.so', OLD);
    expect(await scene.hashes(2)).toEqual([half, scene.old]);
  });

  test('an empty file is an event', async ({ expect, ...context }) => {
    const scene = await atRest(context);
    expect([scene.write('a.so', '')]).toEqual(await scene.hashes(1));
  });

  test('it loaded other bytes than the file has by now: it hears of those', async ({
    expect,
    ...context
  }) => {
    const scene = await atRest(context);
    const now = scene.write('a.so', 'B');
    expect(await scene.hashes(1)).toEqual([now]);
    // The caller's copy was made of bytes that were there for a moment only.
    scene.watcher.known(scene.at('a.so'), sha('C'));
    expect(await scene.hashes(2)).toEqual([now, now]);
    scene.watcher.known(scene.at('a.so'), now);
    expect(await scene.hashes(2)).toEqual([now, now]);
  });
});

describe.concurrent('problems', () => {
  test('a directory in its place: told once, then the file again', async ({ expect, ...context }) => {
    const scene = await atRest(context);
    rmSync(scene.at('a.so'));
    mkdirSync(scene.at('a.so'));
    await scene.until('the problem', () => scene.problems.length === 1);
    utimesSync(scene.at('a.so'), 1, 1);
    await sleep(1500);
    expect(scene.problems).toEqual(['is not a regular file']);
    renameSync(scene.at('a.so'), scene.at('dir'));
    const back = scene.write('a.so', 'next build');
    expect(await scene.hashes(1)).toEqual([back]);
  });

  test('a link that leads to itself', async ({ expect, ...context }) => {
    const scene = await atRest(context);
    rmSync(scene.at('a.so'));
    symlinkSync('a.so', scene.at('a.so'));
    await scene.until('the problem', () => scene.problems.length === 1);
    expect(scene.problems[0]).toMatch(/^can't be read: ELOOP/);
    rmSync(scene.at('a.so'));
    copyFileSync(process.execPath, scene.at('a.so'));
    await scene.hashes(1);
  });
});
