// Which backends are well, from what becomes of requests (passive) and of checks (active), and which of them may have a
// request now. A backend that requests have taken out has one of them when its time is over: half open.
import { isWell, type State } from './backend.ts';
import type { Backend, Outcome } from './group.ts';
import type { UpstreamOptions } from './spec.ts';

/** The longest time out is so many times the first, and no longer than this, in milliseconds, unless the first is. */
const GROWTH_MAX = 32;
const TIME_MAX = 300_000;
/** What a slow start begins with, of the weight. */
const SLOW_START = 0.1;

/** Ranks: 0 to 3 are of backends that may have requests; from OUT on the one whose time ends first has it; NEVER none. */
const BACKUP = 1;
const TRIED = 2;
export const OUT = 4;
export const NEVER = 8;

export interface Health {
  /** Sets the ranks, and the weights of slow starts. Gives the best rank. */
  rank(tried: readonly Backend[]): number;
  /** A try is answered, and goes on. */
  answered(backend: State): void;
  /** A try is over; why: of a failed one. */
  ended(backend: State, outcome: Outcome, why: string): void;
  /** Checks say that it is down, or that it isn't any more; why: of the last that failed. */
  checked(backend: State, down: boolean, why: string): void;
}

/** onState: a line for the log, and whether something went wrong rather than right. */
export function createHealth(
  options: UpstreamOptions,
  backends: readonly State[],
  onState: (text: string, worse: boolean) => void,
): Health {
  const { eject_after, eject_time, slow_start, panic_threshold } = options;
  const longest = Math.max(eject_time, Math.min(eject_time * GROWTH_MAX, TIME_MAX));
  const preferred = backends.filter(({ target }) => !target.backup);
  /** Too few are well: the preferred have requests regardless. */
  let panic = false;
  /** All that are well fail: nothing is lost with another, whether its time is over or not. */
  let desperate = false;

  function rank(tried: readonly Backend[]): number {
    let best = NEVER;
    for (let i = 0; i < backends.length; i++) {
      const backend = backends[i]!;
      backend.rank = rankOf(backend) + (tried.length > 0 && tried.includes(backend) ? TRIED : 0);
      if (backend.rank < best) best = backend.rank;
      if (backend.backAt !== 0) grow(backend);
    }
    return best;
  }

  function rankOf(backend: State): number {
    const { backup } = backend.target;
    if (isWell(backend) || (panic && !backup)) return backup ? BACKUP : 0;
    if (backend.down) return NEVER;
    if (backend.probes === 0 && (desperate || performance.now() >= backend.until)) return backup ? BACKUP : 0;
    return OUT;
  }

  function grow(backend: State): void {
    const share = Math.max(SLOW_START, (performance.now() - backend.backAt) / slow_start!);
    backend.weight = backend.target.weight * Math.min(1, share);
    if (share >= 1) backend.backAt = 0;
  }

  function ended(backend: State, outcome: Outcome, why: string): void {
    const probe = backend.out && backend.probes > 0;
    if (probe) backend.probes--;
    if (outcome === 'ok') succeeded(backend, probe);
    else if (outcome === 'failed') failed(backend, probe, why);
  }

  /** Only its end tells of one that isn't out: its body may fail, and that would be a failure in a row. */
  function answered(backend: State): void {
    if (backend.out && backend.probes > 0) back(backend);
  }

  function succeeded(backend: State, probe: boolean): void {
    // One that was begun before it was taken out says nothing about now.
    if (backend.out && !probe) return;
    backend.failures = 0;
    if (!backend.out && !backend.failing) return;
    back(backend);
  }

  function failed(backend: State, probe: boolean, why: string): void {
    backend.failures++;
    if (backend.out) {
      const now = performance.now();
      if (!probe || now < backend.until) return;
      eject(backend, now);
      onState(`${backend.name} is still out: ${why}; again in ${inWords(backend.until - now)}`, true);
      return;
    }
    if (backend.down || eject_after === 0 || backend.failures < eject_after) return;
    if (backends.some((other) => other !== backend && isWell(other))) {
      const now = performance.now();
      eject(backend, now);
      const row = `${times(backend.failures, 'failure')} in a row, the last: ${why}`;
      onState(`${backend.name} is out: ${row}; again in ${inWords(backend.until - now)}`, true);
    } else if (!backend.failing) {
      backend.failing = true;
      const row = `${times(backend.failures, 'failure')} in a row, the last: ${why}`;
      onState(`${backend.name} is failing: ${row}; it stays in use, since no other is well`, true);
    }
    review();
  }

  function eject(backend: State, now: number): void {
    backend.until = now + Math.min(eject_time * 2 ** Math.min(backend.ejections, 30), longest);
    backend.ejections++;
    backend.out = true;
    backend.failing = false;
    backend.backAt = 0;
    backend.weight = backend.target.weight;
  }

  function checked(backend: State, down: boolean, why: string): void {
    if (backend.down === down) return;
    backend.down = down;
    if (down) {
      backend.failing = false;
      onState(`${backend.name} is out: ${why}`, true);
      review();
    } else {
      back(backend);
    }
  }

  /** It serves again, as far as requests tell. */
  function back(backend: State): void {
    backend.out = false;
    backend.failing = false;
    backend.failures = 0;
    backend.ejections = 0;
    backend.probes = 0;
    if (!backend.down) {
      if (slow_start !== undefined) backend.backAt = performance.now();
      onState(`${backend.name} is back`, false);
    }
    review();
  }

  /** What follows from a backend's new state for all. */
  function review(): void {
    const well = backends.filter(isWell);
    desperate = well.every(({ failing }) => failing);
    const share = (100 * preferred.filter(isWell).length) / preferred.length;
    // Backups that are well are better than backends that aren't.
    const helped = share === 0 && well.length > 0;
    const now = share < panic_threshold && !helped;
    if (now === panic) return;
    panic = now;
    if (now) onState(`fewer than ${panic_threshold} % of the backends are well: all are used`, true);
    else onState(`${panic_threshold} % of the backends are well: only these are used`, false);
  }

  return { rank, answered, ended, checked };
}

function times(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function inWords(milliseconds: number): string {
  const ms = Math.round(milliseconds);
  return ms < 1000 ? `${ms} ms` : `${Math.round(ms / 100) / 10} s`;
}
