// Decisions of processes that are at it at the same moment.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { monotonicNow } from '@flexilib/native';
import { expect, it } from 'vitest';
import { createJudge, type Judge } from '../src/judge.ts';
import type { KeptBuild } from '../src/kept.ts';
import { temporaryFolder } from './library.ts';

const path = '/srv/lib.so';
const [hash, earlier] = ['a', 'b'].map((digit) => digit.repeat(64));
const build = { number: 2, hash, since: monotonicNow() };
const nothing = () => {};

function judgeOf(shared: string, told: string[], before: () => KeptBuild | null): Judge {
  const kept = { before, serves: async () => {}, forget: nothing };
  return createJudge({ shared, kept, onChange: (_path, text) => told.push(text), onProblem: nothing });
}

function shared(): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'health'));
  return folder;
}

it.each([
  ['taken out', null],
  ['left', { hash: earlier, file: '', signature: null }],
])('a build is %s and told once, though another process decides at the same moment', (_what, to) => {
  const folder = shared();
  const told: string[] = [];
  const other = judgeOf(folder, told, () => to);
  let asked = false;
  const judge = judgeOf(folder, told, () => {
    if (!asked) other.crashed(path, build, null); // after the fifth crash was counted, before what follows is written
    asked = true;
    return to;
  });
  for (let i = 0; i < 4; i++) expect(judge.crashed(path, build, null)).toBeNull();
  expect(judge.crashed(path, build, null)).toEqual(other.crashed(path, build, null));
  expect(told).toHaveLength(1);
  expect(judge.health(path).get(hash)?.out?.count).toBe(to ? undefined : 1);
});

it('goes back to no build that is bad itself', () => {
  const told: string[] = [];
  const judge = judgeOf(shared(), told, () => ({ hash: earlier, file: '', signature: null }));
  for (let i = 0; i < 5; i++) judge.crashed(path, { ...build, number: 1, hash: earlier }, null);
  for (let i = 0; i < 5; i++) judge.crashed(path, build, null);
  expect(told).toEqual([
    expect.stringMatching(/^generation 1 .* out/),
    expect.stringMatching(/^generation 2 .* out/),
  ]);
});
