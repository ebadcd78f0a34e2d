// Which of the best backends has a request.
import type { State } from './backend.ts';
import { mix } from './hash.ts';
import type { Balance } from './spec.ts';

/** No rank: of backends that another goes before. */
const PASSED = -1;

/** Takes one of the backends whose rank is this; null: there is none. Allocates nothing. */
export type Pick = (rank: number, hash: number) => State | null;

/** How a balance picks among backends, which stay the same; their ranks are set before each pick. */
export function createPick({ kind }: Balance, backends: readonly State[]): Pick {
  switch (kind) {
    case 'round-robin':
      return (rank) => inTurn(backends, rank);
    case 'least-connections':
      return (rank) => leastBusy(backends, rank);
    default: {
      const equal = backends.every(({ target }) => target.weight === backends[0]!.target.weight);
      return (rank, hash) => (equal ? highest(backends, rank, hash) : highestWeighted(backends, rank, hash));
    }
  }
}

/** The one whose time out ends first. */
export function pickSoonest(backends: readonly State[], rank: number): State | null {
  let best: State | null = null;
  for (let i = 0; i < backends.length; i++) {
    const backend = backends[i]!;
    if (backend.rank === rank && (best === null || backend.until < best.until)) best = backend;
  }
  return best;
}

/** Smooth weighted round-robin, as nginx does it: the shares are exact, and a heavy one's turns are spread. */
function inTurn(backends: readonly State[], rank: number): State | null {
  let best: State | null = null;
  let total = 0;
  for (let i = 0; i < backends.length; i++) {
    const backend = backends[i]!;
    if (backend.rank !== rank) continue;
    total += backend.weight;
    backend.credit += backend.weight;
    if (best === null || backend.credit > best.credit) best = backend;
  }
  if (best !== null) best.credit -= total;
  return best;
}

/** The one with the fewest requests for its weight; of equals the one whose turn it is. */
function leastBusy(backends: readonly State[], rank: number): State | null {
  let least: State | null = null;
  for (let i = 0; i < backends.length; i++) {
    const backend = backends[i]!;
    if (backend.rank === rank && (least === null || isBusier(least, backend))) least = backend;
  }
  if (least === null) return null;
  for (let i = 0; i < backends.length; i++) {
    const backend = backends[i]!;
    if (backend.rank === rank && isBusier(backend, least)) backend.rank = PASSED;
  }
  return inTurn(backends, rank);
}

const isBusier = (one: State, other: State): boolean => one.active * other.weight > other.active * one.weight;

/** Rendezvous hashing: each backend has a number for each hash, and the highest wins, so that one less moves its own only. */
function highest(backends: readonly State[], rank: number, hash: number): State | null {
  let best: State | null = null;
  let most = -1;
  for (let i = 0; i < backends.length; i++) {
    const backend = backends[i]!;
    if (backend.rank !== rank) continue;
    const number = mix(hash ^ backend.seed);
    if (number > most) {
      most = number;
      best = backend;
    }
  }
  return best;
}

/** The same with weights: -weight / ln(number) wins in proportion to the weight (Schindelhauer and Schomaker, 2005). */
function highestWeighted(backends: readonly State[], rank: number, hash: number): State | null {
  let best: State | null = null;
  let most = -1;
  for (let i = 0; i < backends.length; i++) {
    const backend = backends[i]!;
    if (backend.rank !== rank) continue;
    const number = -backend.target.weight / Math.log((mix(hash ^ backend.seed) + 0.5) / 0x1_0000_0000);
    if (number > most) {
      most = number;
      best = backend;
    }
  }
  return best;
}
