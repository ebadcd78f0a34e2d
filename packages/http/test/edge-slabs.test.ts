// Which pages stay, seen in the memory itself: what the kernel was given back reads as zeroes.
import { createSockets } from '@flexilib/native';
import { beforeEach, expect, it } from 'vitest';
import { createSlabs, SLAB_SIZE, type Slabs } from '../src/edge/slabs.ts';

const COUNT = 400;
const KEPT = 1 << 20;

let slabs: Slabs;
beforeEach(() => {
  slabs = createSlabs(createSockets().area(COUNT * SLAB_SIZE), COUNT);
});

const takeAll = (count: number) => Array.from({ length: count }, () => slabs.take());
function giveAll(taken: number[], used: number): void {
  for (const slab of taken) {
    slabs.bytes.fill(1, slab, slab + used);
    slabs.give(slab, used);
  }
}
/** Bytes of each, of those that the kernel hasn't got back. */
const kept = (taken: number[]) =>
  taken.map((slab) => slabs.bytes.subarray(slab, slab + SLAB_SIZE).filter((byte) => byte === 1).length);
const sum = (all: number[]) => all.reduce((a, b) => a + b, 0);

it('gives each out once, the one given back last first', () => {
  const taken = takeAll(COUNT);
  expect(new Set(taken).size).toBe(COUNT);
  expect(slabs.take()).toBe(-1);
  giveAll(taken, 1);
  expect(takeAll(COUNT)).toEqual(taken.reverse());
});

it('keeps what few requests have used, for the next ones', () => {
  const taken = takeAll(64);
  giveAll(taken, 8192);
  giveAll(takeAll(64), 100);
  expect(sum(kept(taken))).toBe(64 * 8192);
});

it.each([1, 4096, 8192, SLAB_SIZE - 1])('bounds what free ones keep of %i bytes each', (used) => {
  const taken = takeAll(COUNT);
  giveAll(taken, used);
  const room = Math.floor(KEPT / (Math.ceil(used / 4096) * 4096));
  // The last ones are the next ones.
  expect(kept(taken)).toEqual(taken.map((_, i) => (i >= COUNT - room ? used : 0)));
  giveAll(takeAll(COUNT), used);
  expect(sum(kept(taken))).toBe(Math.min(room, COUNT) * used);
});

it('keeps what is used often, and not what was used before', () => {
  giveAll(takeAll(256), 4096); // as much as may stay
  const taken = takeAll(64);
  giveAll(taken, 8192);
  giveAll(takeAll(64), 1);
  expect(sum(kept(taken))).toBe(64 * 8192);
});

it('counts what a slab keeps from before', () => {
  const taken = takeAll(COUNT);
  giveAll(taken, 8192);
  giveAll(takeAll(256), 4096);
  expect(sum(kept(taken))).toBe(KEPT);
});

it('gives back all that is free when it is told to, and only that', () => {
  const taken = takeAll(10);
  giveAll(taken.slice(0, 5), 5000);
  slabs.bytes.fill(1, taken[7], taken[7] + 10);
  slabs.trim();
  expect(kept(taken)).toEqual([0, 0, 0, 0, 0, 0, 0, 10, 0, 0]);
  const again = takeAll(5);
  giveAll(again, 20);
  expect(sum(kept(again))).toBe(100);
  slabs.trim();
  expect(sum(kept(again))).toBe(0);
});
