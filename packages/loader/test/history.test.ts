import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { createHistory, type History } from '../src/history.ts';
import { temporaryFolder } from './library.ts';

const [a, b] = ['a', 'b'].map((digit) => digit.repeat(64));
let file: string;
let clock: number;
let problems: string[];
const open = (at: string | null = file): History =>
  createHistory({ file: at, now: () => clock, onProblem: ({ message }) => problems.push(message) });
const crashes = (history: History, hash = a) => history.health().get(hash)?.crashes.length ?? 0;

beforeEach(() => {
  file = join(temporaryFolder(), 'history');
  clock = 1000;
  problems = [];
});

it('is one for all who open it', () => {
  const [one, other] = [open(), open()];
  one.add('crash', a);
  other.add('crash', a);
  one.add('crash', b);
  expect([crashes(one), crashes(other), crashes(other, b)]).toEqual([2, 2, 1]);
  expect(problems).toEqual([]);
});

it('goes on after a line that was cut off', () => {
  const history = open();
  history.add('crash', a);
  appendFileSync(file, '1000 7 cra');
  history.add('crash', a);
  expect(crashes(history)).toBe(2);
});

it('forgets all builds but one', () => {
  const history = open();
  history.add('back', a);
  history.add('crash', b);
  history.forget(b);
  expect([history.health().get(a), crashes(history, b)]).toEqual([undefined, 1]);
  history.forget();
  expect(existsSync(file)).toBe(false);
});

it('doesn’t grow for ever', () => {
  const history = open();
  history.add('back', b);
  for (let i = 0; i < 1000; i++) {
    clock += 11_000;
    history.add('crash', a);
  }
  expect(statSync(file).size).toBeLessThan(20_000);
  expect(history.health().get(b)?.left?.at).toBe(1000);
  expect(crashes(history)).toBe(1);
});

it('is this process’s own where there is no place for it', () => {
  const history = open(null);
  for (let i = 0; i < 1000; i++) history.add('crash', a);
  expect(crashes(history)).toBe(100);
  history.forget(b);
  expect(history.health().size).toBe(0);
  expect(problems).toEqual([]);
});

it.each([
  ['a folder', (path: string) => mkdirSync(path)],
  ['in no folder', (path: string) => writeFileSync(join(path, '..', 'file'), '')],
])('works on when it can’t be written: its file is %s', (_what, spoil) => {
  spoil(file);
  const history = open(_what === 'a folder' ? file : join(file, '..', 'file', 'history'));
  history.add('crash', a);
  history.add('back', a);
  expect(history.health().get(a)?.left?.kind).toBe('back');
  expect(problems.length).toBeGreaterThan(0);
  history.forget();
  expect(history.health().size).toBe(0);
});

it('says no more than it must', () => {
  open().add('out', a, 2000, 1);
  expect(readFileSync(file, 'latin1')).toBe(`\n1000 ${process.pid} out ${a} 2000 1\n`);
});
