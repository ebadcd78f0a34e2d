// What a soak says.
import type { Holdings } from './processes.ts';
import type { Soak } from './soak.ts';
import { mebibytes, type Table, whole } from './words.ts';

/** More than this is growth: KiB, and what one generation of a library on its way out holds. */
const SLACK: Holdings = { dirty: 3 * 1024, descriptors: 4, threads: 0, mappings: 16 };
/** Of the builds written: one may come while another is loaded. */
const SERVED = 0.98;
const titles: Record<keyof Holdings, string> = {
  dirty: 'private dirty MiB',
  descriptors: 'descriptors',
  threads: 'threads',
  mappings: 'mappings',
};

function grown({ first, last, short }: Soak, name: keyof Holdings): boolean {
  return !short && last[name] > first[name] + SLACK[name];
}

/** What is wrong; nothing if all is well. */
export function complaints(soak: Soak): string[] {
  const names = (Object.keys(SLACK) as (keyof Holdings)[]).filter((name) => grown(soak, name));
  return [
    ...(soak.failed > 0 ? [`${soak.failed} requests failed`] : []),
    // The first one was there before.
    ...(soak.generations - 1 < soak.swaps * SERVED
      ? [`only ${soak.generations} of ${soak.swaps} builds were served`]
      : []),
    ...names.map((name) => `${titles[name]} grew`),
  ];
}

export function soakTable(soak: Soak): Table {
  const { first, last, requests, failed, swaps, generations, minutes } = soak;
  const show = (name: keyof Holdings, value: number) => (name === 'dirty' ? mebibytes(value) : whole(value));
  const names = Object.keys(SLACK) as (keyof Holdings)[];
  return {
    title:
      `${whole(requests)} requests in ${minutes} minutes, ${failed} failed; ` +
      `${whole(swaps)} builds written, ${whole(generations)} served`,
    head: ['', 'after the first minute', 'at the end'],
    rows: names.map((name) => [titles[name], show(name, first[name]), show(name, last[name])]),
  };
}
