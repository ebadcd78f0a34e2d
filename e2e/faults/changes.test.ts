import { copyFileSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { install, numbered } from '../support/library.ts';
import { temporaryFolder } from '../support/server.ts';
import { expectAnswer, openBuilds } from './support/builds.ts';
import { endScenes } from './support/scene.ts';

afterEach(endScenes);

const build = numbered();

const ways: [string, (bytes: Buffer, path: string) => void][] = [
  ['rename over', (bytes, path) => install(path, bytes)],
  [
    'symlink swap',
    (bytes, path) => {
      const target = join(temporaryFolder(), 'target.so');
      writeFileSync(target, bytes);
      symlinkSync(target, `${path}.link`);
      renameSync(`${path}.link`, path);
    },
  ],
  [
    'directory swap',
    (bytes, path) => {
      const folder = join(path, '..');
      mkdirSync(`${folder}.new`);
      writeFileSync(join(`${folder}.new`, basename(path)), bytes);
      renameSync(folder, `${folder}.old`);
      renameSync(`${folder}.new`, folder);
      rmSync(`${folder}.old`, { recursive: true });
    },
  ],
];

it.each(ways)('F16 %s', async (_, swap) => {
  const scene = await openBuilds(build(1));
  for (let n = 2; n <= 5; n++) {
    swap(build(n), scene.path);
    await expectAnswer(scene, n, 500);
  }
  await scene.pass(6);
});

it('F17 same inode or unchanged mtime with new bytes; touched with the same bytes', async () => {
  const scene = await openBuilds(build(1));
  writeFileSync(scene.path, build(2)); // the same inode
  await expectAnswer(scene, 2);
  const then = new Date(2020, 1, 1);
  utimesSync(scene.path, then, then);
  await sleep(600);
  writeFileSync(scene.path, build(3));
  utimesSync(scene.path, then, then);
  await expectAnswer(scene, 3);
  const other = join(temporaryFolder(), 'other.so');
  writeFileSync(other, build(4));
  utimesSync(other, then, then);
  renameSync(other, scene.path);
  await expectAnswer(scene, 4);
  await scene.line(/generation 4 serves/); // it comes after the answer, maybe

  const lines = scene.server.stderr();
  utimesSync(scene.path, new Date(), new Date());
  await sleep(600);
  copyFileSync(scene.path, `${scene.path}.copy`); // the same bytes in another inode
  renameSync(`${scene.path}.copy`, scene.path);
  await sleep(600);
  expect(scene.server.stderr()).toEqual(lines);
  await scene.pass(5);
});
