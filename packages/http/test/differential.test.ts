// Generated connections against both doors: every byte, every end and every record of the log must be the same.
//
// FLEXILIB_CASES=100000          how many connections, 5000 by default
// FLEXILIB_SEED, FLEXILIB_PATH   the run that a failure names
// FLEXILIB_ITSELF=1              node:http against itself
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Doors } from './differential/compare.ts';
import { corpus } from './differential/corpus.ts';
import { check, startDoors, type Tally } from './differential/doors.ts';
import { generate } from './differential/generate.ts';

const { FLEXILIB_CASES = '5000', FLEXILIB_SEED, FLEXILIB_PATH } = process.env;
const cases = Number(FLEXILIB_CASES);
const seed = Number(FLEXILIB_SEED ?? Math.floor(Math.random() * 2 ** 31));
/** Each has its own doors, so that what the edge counts is one connection's. */
const LANES = FLEXILIB_PATH ? 1 : 12;

let lanes: Doors[];
const tally: Tally = { cases: 0, valid: 0, edge: 0 };

beforeAll(async () => {
  lanes = await Promise.all(Array.from({ length: LANES }, startDoors));
});
afterAll(async () => {
  await Promise.all(lanes.flatMap(({ node, other }) => [node.close(0), other.close(0)]));
});

it.each(corpus.map((script) => [script.what, script] as const))('%s', async (_what, script) => {
  await check(lanes[0], script, { ...tally });
});

it(`${cases} connections, FLEXILIB_SEED=${seed}`, { timeout: 60_000 + cases * 100 }, async () => {
  console.log(`FLEXILIB_SEED=${seed}`);
  await generate(lanes, { cases, seed, path: FLEXILIB_PATH ?? '' }, (doors, script, silence) =>
    check(doors, script, tally, silence),
  );
  const nothing = { calls: 0, inFlight: 0, bytes: 0 };
  await expect.poll(lanes[0].node.held, { timeout: 10_000 }).toEqual(nothing);
  console.log(JSON.stringify(tally));
  if (tally.edge > 0 && !FLEXILIB_PATH) expect(tally.edge / tally.valid).toBeGreaterThanOrEqual(0.5);
});
