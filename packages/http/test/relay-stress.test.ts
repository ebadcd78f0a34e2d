// FLEXILIB_SEED=7 FLEXILIB_STRESS=20000   the run that a failure names, for so many milliseconds
import { expect, it } from 'vitest';
import { stress } from './relay-stress.ts';

const { FLEXILIB_SEED, FLEXILIB_STRESS = '2500' } = process.env;
const seed = Number(FLEXILIB_SEED ?? Math.floor(Math.random() * 2 ** 31));

it.each([
  ['on the fast way', 0],
  ['and some are handed over', 0.05],
])(
  `each client has its own answers, %s, FLEXILIB_SEED=${seed}`,
  { timeout: 120_000 },
  async (_how, foreign) => {
    const tally = await stress({ seed, milliseconds: Number(FLEXILIB_STRESS), clients: 60, foreign });
    console.log(JSON.stringify({ seed, ...tally, wrong: tally.wrong.length }));
    expect(tally.wrong.slice(0, 20)).toEqual([]);
    expect(tally.answers[200]).toBeGreaterThan(100);
  },
);
