// One script against two doors.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Served } from '../suite/served.ts';
import { type Outcome, play } from './play.ts';
import { escapeBytes, format, type Script, toJson } from './script.ts';

export interface Doors {
  node: Served;
  other: Served;
}

/** What each door tells of a script, its log included. */
export interface Told extends Outcome {
  records: string[];
  faults: string[];
}

export interface Comparison {
  node: Told;
  other: Told;
  /** Empty when there is none. */
  difference: string;
}

/** One at a time for a pair of doors. */
export async function compare({ node, other }: Doors, script: Script, silence?: number): Promise<Comparison> {
  for (const door of [node, other]) {
    door.access.length = 0;
    door.faults.length = 0;
  }
  const [a, b] = await Promise.all([play(node.port, script, silence), play(other.port, script, silence)]);
  // A record comes when the last byte has gone, and that the client may see first.
  for (let i = 0; i < 50 && node.access.length !== other.access.length; i++) await sleep(2);
  const told = (outcome: Outcome, { access, faults }: Served): Told => ({
    ...outcome,
    records: access.map(({ requestLine, status, bytes }) => `${requestLine} ${status} ${bytes}`),
    faults: [...faults],
  });
  const result = { node: told(a, node), other: told(b, other) };
  return { ...result, difference: differenceOf(script, result.node, result.other) };
}

function differenceOf(script: Script, node: Told, other: Told): string {
  const lines: string[] = [];
  for (const key of Object.keys(node) as (keyof Told)[]) {
    const [a, b] = part(show(node[key]), show(other[key]));
    if (a !== b) lines.push(`${key}\n  node:http ${a}\n  the other ${b}`);
  }
  if (lines.length === 0 && node.problem)
    lines.push(`both answer nonsense: ${node.problem}, at the end of ${escapeBytes(node.text.slice(-400))}`);
  if (lines.length === 0) return '';
  return [`${format(script)}\n`, ...lines, '\nTo keep it, add to corpus/found.json:', toJson(script)].join(
    '\n',
  );
}

const show = (value: Told[keyof Told]): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** From a little before the first byte that differs. */
function part(a: string, b: string): [string, string] {
  if (a === b) return ['', ''];
  let at = 0;
  while (a[at] === b[at]) at += 1;
  const from = Math.max(0, at - 60);
  return [a, b].map((text) => `at byte ${at}: …${escapeBytes(text.slice(from, at + 200))}`) as [
    string,
    string,
  ];
}
