// That the comparison sees what it is for.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startNodeDoor } from '../start.ts';
import type { Served } from '../suite/served.ts';
import { faults, startBroken } from './broken.ts';
import { compare } from './compare.ts';
import { connection } from './connection.ts';
import { BODY_MAX, routes } from './plain.ts';

const options = { routes, body: { max: BODY_MAX } };
let node: Served;
let good: Served;

beforeAll(async () => {
  [node, good] = await Promise.all([startNodeDoor(options), startNodeDoor(options)]);
});
afterAll(() => Promise.all([node.close(0), good.close(0)]));

async function differences(other: Served, enough: number): Promise<number> {
  let count = 0;
  for (const script of fc.sample(connection, 150)) {
    if ((await compare({ node, other }, script, 1500)).difference) count += 1;
    if (count === enough) break;
  }
  return count;
}

it('sees none in a relay that changes nothing', async () => {
  const other = await startBroken(good, (bytes) => bytes);
  expect(await differences(other, 1)).toBe(0);
  await other.close();
});

it.each(Object.keys(faults))('sees %s', async (name) => {
  const other = await startBroken(good, faults[name]);
  expect(await differences(other, 1)).toBe(1);
  await other.close();
});
