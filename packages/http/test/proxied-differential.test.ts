// Generated connections against both ways of the proxy, each in front of a door of its own: every byte that the client gets,
// every record of the log and every request at the upstream must be the same.
//
// FLEXILIB_CASES=100000          how many connections, 1500 by default
// FLEXILIB_SEED, FLEXILIB_PATH   the run that a failure names
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ask } from './client.ts';
import { compare, type Doors } from './differential/compare.ts';
import { corpus, plain } from './differential/corpus.ts';
import { generate } from './differential/generate.ts';
import { BODY_MAX, routes } from './differential/plain.ts';
import { escapeBytes, format, type Script, toJson } from './differential/script.ts';
import { handedOn } from './proxied.ts';
import { type EdgeServed, startEdgeDoor, startNodeDoor } from './start.ts';
import type { Served } from './suite/served.ts';
import { startTap, type Tap } from './tap.ts';
import type { Asked } from './upstream.ts';

const { FLEXILIB_CASES = '1500', FLEXILIB_SEED, FLEXILIB_PATH } = process.env;
const cases = Number(FLEXILIB_CASES);
/** Always the same connections, since of others one in some thousands finds a door's known vagueness (README.md: 414 or 431). */
const seed = Number(FLEXILIB_SEED ?? 1539520764);
const LANES = FLEXILIB_PATH ? 1 : 8;

interface Lane extends Doors {
  other: EdgeServed;
  taps: { node: Tap; other: Tap };
  close(): Promise<void>;
}

const tally = { cases: 0, valid: 0, edge: 0 };
let lanes: Lane[];

async function startLane(): Promise<Lane> {
  const options = { routes, body: { max: BODY_MAX } };
  const backs = await Promise.all([startNodeDoor(options), startNodeDoor(options)]);
  const [one, two] = await Promise.all(backs.map(({ port }) => startTap(port, sorted)));
  const node = await startNodeDoor({ routes: handedOn(routes, one.port) });
  const other = await startEdgeDoor({ routes: handedOn(routes, two.port) });
  for (const { port } of [node, other]) await ask(port, plain);
  return {
    // Their words for the operator are their own.
    node: { ...node, faults: [] },
    other: { ...other, faults: [] },
    taps: { node: one, other: two },
    async close() {
      await Promise.all([node, other].map((door) => door.close(0)));
      one.close();
      two.close();
      await Promise.all(backs.map((door) => door.close(0)));
    },
  };
}

beforeAll(async () => {
  lanes = await Promise.all(Array.from({ length: LANES }, startLane));
});
afterAll(async () => {
  await Promise.all(lanes.map((lane) => lane.close()));
});

/**
 * Both ways say the same in another order, of which names with different fields are free (RFC 9110, 5.3), and node:http's
 * client says what HTTP/1.1 means anyway. Who has no Host of the client's is told its own name.
 */
function sorted(head: string): string {
  const [line, ...fields] = head.slice(0, -4).split('\r\n');
  const named = fields
    .map((field): [string, string] => {
      const colon = field.indexOf(':');
      const value = field.slice(colon + 1).trim();
      return [field.slice(0, colon).toLowerCase(), value.replace(/^127\.0\.0\.1:\d+$/, 'upstream')];
    })
    .filter(([name, value]) => name !== 'connection' || value.toLowerCase() !== 'keep-alive');
  named.sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
  return `${[line, ...named.map((field) => field.join(': '))].join('\r\n')}\r\n\r\n`;
}

/** A request as the upstream takes it; how its body came in pieces is chance. */
function told({ raw, body }: Asked): string {
  return `${raw.slice(0, raw.indexOf('\r\n\r\n') + 4)}${body.toString('latin1')}`;
}

/** The path of the file is each client's own. */
const withoutGate = (text: string): string => text.replace(/x-gate: .*/i, 'x-gate: …');

/**
 * «» when there is none. Who is behind may answer before all of a body has come, and then its rest isn't passed on: whether it
 * had come by then is chance, so one may have all of a request of which the other has a part.
 */
function differenceOf(complete: Tap, edge: Tap): string {
  const [a, b] = [complete, edge].map(({ requests }) => requests.map(told).map(withoutGate));
  const [partsOfA, partsOfB] = [complete, edge].map((tap) => tap.parts().map(withoutGate).map(headOf));
  const takePart = (parts: string[], whole: string | undefined): boolean => {
    const at = whole === undefined ? -1 : parts.indexOf(headOf(whole));
    if (at >= 0) parts.splice(at, 1);
    return at >= 0;
  };
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    if (a[i] === b[j]) {
      i += 1;
      j += 1;
    } else if (takePart(partsOfA, b[j])) j += 1;
    else if (takePart(partsOfB, a[i])) i += 1;
    else
      return `request ${i}\n  complete ${escapeBytes(a[i] ?? 'none')}\n  the edge ${escapeBytes(b[j] ?? 'none')}`;
  }
  return '';
}

/**
 * They differ in whether the connection goes on after a refusal: who is behind may give it before all of a body has come, and
 * whether that had come by then is chance. So it is whether his 100 is here before a body that is malformed.
 */
function isChance(a: string, b: string): boolean {
  if (a !== b && withoutLate100(a) === withoutLate100(b)) return true;
  let at = 0;
  while (at < a.length && a[at] === b[at]) at += 1;
  const refused = /^4(?:04|13|31) /.test(a.slice(a.lastIndexOf('HTTP/1.1 ', at) + 9));
  return refused && [a, b].some((text) => text.startsWith('connection: close\r\n', at));
}

const withoutLate100 = (text: string): string =>
  text.replace('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 400 ', 'HTTP/1.1 400 ');

const headOf = (text: string): string => text.slice(0, text.indexOf('\r\n\r\n') + 4);

/** Throws what differs. */
async function check(lane: Lane, script: Script, silence?: number): Promise<void> {
  const { taps, other } = lane;
  taps.node.clear();
  taps.other.clear();
  const before = other.edge().requests;
  const { node, other: edge, difference } = await compare(lane, script, silence);
  if (isChance(node.text, edge.text)) return;
  if (difference) throw new Error(difference);
  // With what is added some heads are too much for who is behind, who then answers before it has read all.
  if (/^HTTP\/1\.1 4(?:13|31) /m.test(node.text)) return;
  const atUpstream = differenceOf(taps.node, taps.other);
  if (atUpstream) throw new Error(`${format(script)}\n\nat the upstream, ${atUpstream}\n${toJson(script)}`);
  tally.cases += 1;
  tally.valid += Math.min(node.answers, script.valid ?? 0);
  tally.edge += other.edge().requests - before;
}

it.each(corpus.map((script) => [script.what, script] as const))('%s', async (_what, script) => {
  await check(lanes[0], script);
});

it(`${cases} connections, FLEXILIB_SEED=${seed}`, { timeout: 60_000 + cases * 200 }, async () => {
  console.log(`FLEXILIB_SEED=${seed}`);
  await generate(lanes, { cases, seed, path: FLEXILIB_PATH ?? '' }, check);
  const held = ({ held }: Served) => held().calls;
  await expect.poll(() => held(lanes[0].node), { timeout: 10_000 }).toBe(0);
  console.log(JSON.stringify(tally));
  if (!FLEXILIB_PATH) expect(tally.edge / tally.valid).toBeGreaterThanOrEqual(0.5);
});
