// Generated connections against both doors: every byte, every end and every record of the log must be the same.
//
// FLEXILIB_CASES=100000          how many connections, 5000 by default
// FLEXILIB_SEED, FLEXILIB_PATH   the run that a failure names
// FLEXILIB_ITSELF=1              node:http against itself
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Doors } from './differential/compare.ts';
import { connection, probe } from './differential/connection.ts';
import found from './differential/corpus/found.json' with { type: 'json' };
import malformed from './differential/corpus/malformed.json' with { type: 'json' };
import odd from './differential/corpus/odd.json' with { type: 'json' };
import { check, startDoors, type Tally } from './differential/doors.ts';
import { SENTINEL } from './differential/malformed.ts';
import { render } from './differential/plain.ts';
import { type Data, expand, type Script } from './differential/script.ts';

const { FLEXILIB_CASES = '5000', FLEXILIB_SEED, FLEXILIB_PATH } = process.env;
const cases = Number(FLEXILIB_CASES);
const seed = Number(FLEXILIB_SEED ?? Math.floor(Math.random() * 2 ** 31));
/** Each has its own doors, so that what the edge counts is one connection's. */
const LANES = FLEXILIB_PATH ? 1 : 12;
/** To make a failure smaller. */
const SHRINK_MS = 60_000;
const SHRINK_SILENCE = 1500;

let lanes: Doors[];
const tally: Tally = { cases: 0, valid: 0, edge: 0 };

beforeAll(async () => {
  lanes = await Promise.all(Array.from({ length: LANES }, startDoors));
});
afterAll(async () => {
  await Promise.all(lanes.flatMap(({ node, other }) => [node.close(0), other.close(0)]));
});

const plain = render('GET', '/describe', '1.1', ['Host: a']);
const isHead = (text: string) => /^(?:\r\n)*HEAD /.test(text);
const corpus: Script[] = [
  ...(found as Script[]),
  ...(malformed as [string, Data][]).map(
    ([what, bytes]): Script => ({
      what,
      steps: [{ send: plain }, { answers: 1 }, { send: bytes }, { send: SENTINEL }, { closed: true }],
      plain: 1,
    }),
  ),
  ...(odd as [string, Data][]).map(
    ([what, bytes]): Script => ({
      what,
      steps: [{ send: plain }, { answers: 1 }, { send: bytes }, { answers: 2 }, ...probe(2)],
      heads: isHead(expand(bytes)) ? [1] : [],
      plain: 1,
    }),
  ),
];

it.each(corpus.map((script) => [script.what, script] as const))('%s', async (_what, script) => {
  await check(lanes[0], script, { ...tally });
});

it(`${cases} connections, FLEXILIB_SEED=${seed}`, { timeout: 60_000 + cases * 100 }, async () => {
  console.log(`FLEXILIB_SEED=${seed}`);
  let stopAt = Number.POSITIVE_INFINITY;
  let failing: Doors | undefined;
  const runs = lanes.map(async (doors, lane) => {
    const property = fc.asyncProperty(connection, async (script) => {
      if (failing && (failing !== doors || performance.now() > stopAt)) return;
      try {
        await check(doors, script, tally, failing && SHRINK_SILENCE);
      } catch (error) {
        failing ??= doors;
        if (stopAt === Number.POSITIVE_INFINITY) stopAt = performance.now() + SHRINK_MS;
        throw error;
      }
    });
    const numRuns = Math.ceil(cases / LANES);
    const details = await fc.check(property, { seed: seed + lane, numRuns, path: FLEXILIB_PATH ?? '' });
    if (!details.failed) return '';
    const again = `FLEXILIB_SEED=${details.seed} FLEXILIB_PATH=${details.counterexamplePath}`;
    return `${again}\n\n${(details.errorInstance as Error)?.message}`;
  });
  const failures = (await Promise.all(runs)).filter((text) => text !== '');
  expect(failures.join('\n\n'), failures.join('\n\n')).toBe('');
  const nothing = { calls: 0, inFlight: 0, bytes: 0 };
  await expect.poll(lanes[0].node.held, { timeout: 10_000 }).toEqual(nothing);
  console.log(JSON.stringify(tally));
  if (tally.edge > 0 && !FLEXILIB_PATH) expect(tally.edge / tally.valid).toBeGreaterThanOrEqual(0.5);
});
