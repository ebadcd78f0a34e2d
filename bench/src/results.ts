// What a run leaves behind, and what can be asked of it.
import type { Machine } from './machine.ts';
import { type Spread, spread } from './stats.ts';
import type { Sample } from './turn.ts';

export interface Results {
  machine: Machine;
  wrk: string;
  seconds: number;
  /** Whom the ratios compare with. */
  baseline: string;
  servers: { name: string; title: string; note: string; version: string }[];
  samples: Sample[];
}

export type Pick = (sample: Sample) => number | undefined;

export function rounds({ samples }: Results): number {
  return new Set(samples.map((sample) => sample.round)).size;
}

export function absolute({ samples }: Results, name: string, pick: Pick): Spread | undefined {
  return spread(samples.filter((sample) => sample.peer === name).map(pick));
}

function over(own: number | undefined, other: number | undefined): number | undefined {
  return own === undefined || !other ? undefined : own / other;
}

/** Over all rounds. */
export function total({ samples }: Results, name: string, pick: Pick): number {
  return samples.reduce((sum, sample) => sum + ((sample.peer === name && pick(sample)) || 0), 0);
}

/** Of one server's two figures of the same round. */
export function within({ samples }: Results, name: string, pick: Pick, to: Pick): Spread | undefined {
  return spread(
    samples.filter((sample) => sample.peer === name).map((sample) => over(pick(sample), to(sample))),
  );
}

/** Against another server's figure of the same round: what slows the machine for a while slows both. */
export function ratio(
  { samples, baseline }: Results,
  name: string,
  pick: Pick,
  to: string = baseline,
): Spread | undefined {
  const base = new Map(
    samples.filter((sample) => sample.peer === to).map((sample) => [sample.round, pick(sample)]),
  );
  const pairs = samples.filter((sample) => sample.peer === name);
  return spread(pairs.map((sample) => over(pick(sample), base.get(sample.round))));
}
