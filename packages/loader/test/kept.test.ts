import { chownSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeEach, expect, it, vi } from 'vitest';
import { createKept, type Kept } from '../src/kept.ts';
import { temporaryFolder } from './library.ts';

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof fs>();
  return { ...real, link: vi.fn(real.link) };
});

let folder: string;
let kept: Kept;
let problems: string[];
const bad = new Set<string>();
const path = '/srv/lib.so';

/** The build of that name serves, from a copy that holds its name. */
async function serves(hash: string, signature: string | null = null): Promise<string> {
  const copy = join(temporaryFolder(), 'copy');
  writeFileSync(copy, hash);
  await kept.serves(path, { hash, path: copy, signature }, (other) => bad.has(other));
  return copy;
}
const before = () => {
  const build = kept.before(path);
  return build && [build.hash, readFileSync(build.file, 'utf8')];
};
const names = () => readdirSync(join(folder, readdirSync(folder)[0])).sort();

beforeEach(() => {
  folder = join(temporaryFolder(), 'kept');
  mkdirSync(folder);
  problems = [];
  bad.clear();
  kept = createKept(folder, (_path, { message }) => problems.push(message));
});

it('has the build before the one that serves, and no more', async () => {
  expect(before()).toBeNull();
  const copy = await serves('one');
  expect(before()).toBeNull();
  expect(statSync(copy).nlink).toBe(2);
  await serves('two');
  expect(before()).toEqual(['one', 'one']);
  await serves('two');
  await serves('three');
  expect(before()).toEqual(['two', 'two']);
  expect(names()).toEqual(['before-two', 'now-three']);
  expect(createKept(folder, () => {}).before(path)?.hash).toBe('two');
  expect(problems).toEqual([]);
});

it('has what verified a build as long as it has the build', async () => {
  await serves('one', 'by one');
  await serves('two', 'by two');
  expect(kept.before(path)?.signature).toBe('by one');
  await serves('one'); // as it was verified before
  await serves('three', 'by three');
  expect(kept.before(path)).toMatchObject({ hash: 'one', signature: 'by one' });
  expect(names()).toEqual(['before-one', 'now-three', 'signature-one', 'signature-three']);
});

it('doesn’t keep a bad one', async () => {
  await serves('one');
  await serves('two');
  bad.add('two');
  await serves('three');
  expect(before()).toEqual(['one', 'one']);
  bad.add('three').add('one');
  await serves('four');
  expect(names()).toEqual(['now-four']);
});

it('takes an earlier one for the present one when the file holds it again', async () => {
  await serves('one');
  await serves('two');
  bad.add('two');
  await serves('one');
  expect(names()).toEqual(['now-one']);
});

it('copies where no link can be', async () => {
  vi.mocked(fs.link).mockRejectedValueOnce(Object.assign(new Error('EXDEV'), { code: 'EXDEV' }));
  const copy = await serves('one');
  expect(statSync(copy).nlink).toBe(1);
  await serves('two');
  expect(before()).toEqual(['one', 'one']);
  expect(problems).toEqual([]);
});

it('stops nobody when it can’t', async () => {
  await kept.serves(path, { hash: 'one', path: '/none', signature: null }, () => false);
  expect(problems).toEqual([expect.stringMatching('ENOENT')]);
  expect(names()).toEqual([]);
  writeFileSync(join(folder, 'file'), '');
  kept = createKept(join(folder, 'file'), (_path, { message }) => problems.push(message));
  await serves('one');
  expect(problems).toHaveLength(2);
  expect(before()).toBeNull();
});

it('keeps nothing where there is no place', async () => {
  kept = createKept(null, (_path, { message }) => problems.push(message));
  await serves('one');
  await serves('two');
  kept.forget(path);
  expect([before(), problems]).toEqual([null, []]);
});

it('forgets', async () => {
  await serves('one');
  kept.forget(path);
  expect(readdirSync(folder)).toEqual([]);
});

it.skipIf(process.getuid?.() !== 0)('goes back to nothing that another user may have put there', async () => {
  await serves('one');
  await serves('two');
  expect(before()).toEqual(['one', 'one']);
  chownSync(dirname(folder), 65534, 65534);
  expect(before()).toBeNull();
  await serves('three');
  expect(problems).toEqual([`${dirname(folder)} is gone, or another user's`]);
});
