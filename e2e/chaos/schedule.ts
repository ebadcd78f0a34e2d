// What happens, when, and how: of the seed alone, so that a run can be had again.
import { createRandom, type Random } from './random.ts';

export type Place = 'pool' | 'inline';

export type Event =
  /** So many builds, so many milliseconds apart. */
  | { kind: 'swap'; builds: number; apart: number }
  /** The other library for /toggled. */
  | { kind: 'hup' }
  | { kind: 'bad hup'; text: string }
  | { kind: 'crash'; place: Place; times: number }
  | { kind: 'loop'; place: Place }
  /** Connections that stop in the middle of a head. */
  | { kind: 'slow clients'; count: number; lasting: number }
  | { kind: 'aborts'; count: number; after: number }
  /** No descriptor is left to a serving process. */
  | { kind: 'no descriptors'; lasting: number }
  /** which: of several processes. */
  | { kind: 'kill'; which: number }
  /** By the command, or by the signal. */
  | { kind: 'upgrade'; command: boolean };

export type Kind = Event['kind'];

export interface Step {
  number: number;
  /** Milliseconds from the beginning. */
  at: number;
  event: Event;
}

export interface Plan {
  workers: number;
  /** For the traffic. */
  random: Random;
  steps: Iterator<Step, never>;
}

const BAD = ['nonsense\n', '/steady = \n', '[nowhere]\ntimeout = 5s\n', '/ = ftp://127.0.0.1:1\n'];

/** How often each comes, among all. */
const weights: [kind: Kind, weight: number][] = [
  ['swap', 30],
  ['hup', 16],
  ['bad hup', 8],
  ['crash', 14],
  ['loop', 5],
  ['slow clients', 8],
  ['aborts', 10],
  ['no descriptors', 4],
  ['kill', 5],
  ['upgrade', 4],
];
const ALL = weights.reduce((sum, [, weight]) => sum + weight, 0);

function pickKind(random: Random): Kind {
  let left = random.next() * ALL;
  for (const [kind, weight] of weights) {
    left -= weight;
    if (left < 0) return kind;
  }
  return 'swap';
}

function eventOf(random: Random): Event {
  const kind = pickKind(random);
  const place = random.pick(['pool', 'inline'] as const);
  switch (kind) {
    case 'swap':
      return { kind, builds: random.between(1, 5), apart: random.between(5, 120) };
    case 'hup':
      return { kind };
    case 'bad hup':
      return { kind, text: random.pick(BAD) };
    case 'crash':
      return { kind, place, times: random.between(1, 7) };
    case 'loop':
      return { kind, place };
    case 'slow clients':
      return { kind, count: random.between(10, 100), lasting: random.between(100, 1500) };
    case 'aborts':
      return { kind, count: random.between(10, 200), after: random.between(0, 10) };
    case 'no descriptors':
      return { kind, lasting: random.between(100, 800) };
    case 'kill':
      return { kind, which: random.between(0, 7) };
    case 'upgrade':
      return { kind, command: random.chance(0.5) };
  }
}

export function planOf(seed: number): Plan {
  const random = createRandom(seed);
  function* steps(): Generator<Step, never> {
    let at = 1000;
    for (let number = 1; ; number++) {
      yield { number, at, event: eventOf(random) };
      at += random.chance(0.2) ? random.between(0, 50) : random.between(100, 1200); // some at a time
    }
  }
  return { workers: random.between(1, 2), random: createRandom(seed ^ 0x5eed), steps: steps() };
}
