// The circuit breaker of a route: when too many of its requests fail, there are none for a while.
import type { Outcome } from './group.ts';

/** Milliseconds and parts of the window that failures are counted in. */
const PART = 1000;
const PARTS = 10;
/** With fewer requests in the window a share says nothing. */
const REQUESTS_MIN = 20;
/** How many may try at a time when the rest is over, and how many must be answered. */
const PROBES = 3;

export interface Circuit {
  /** Whether a request may go on now. */
  isOpen(): boolean;
  /** It has gone on. */
  began(): void;
  /** One is answered, and goes on. */
  answered(): void;
  ended(outcome: Outcome): void;
  /** Milliseconds until another request makes sense. */
  left(): number;
}

/**
 * percent: of failing requests from which on it opens; rest: for so many milliseconds. onState: a line for the log, and
 * whether something went wrong rather than right.
 */
export function createCircuit(
  percent: number,
  rest: number,
  onState: (text: string, worse: boolean) => void,
): Circuit {
  const all = new Int32Array(PARTS);
  const failed = new Int32Array(PARTS);
  /** The part that counts now; parts are numbered from the clock's start. */
  let part = 0;
  let state: 'closed' | 'open' | 'half open' = 'closed';
  let until = 0;
  let probes = 0;
  let good = 0;

  function isOpen(): boolean {
    if (state === 'closed') return false;
    if (state === 'open') {
      if (performance.now() < until) return true;
      state = 'half open';
      probes = 0;
      good = 0;
    }
    return probes >= PROBES;
  }

  function began(): void {
    if (state === 'half open') probes++;
  }

  function answered(): void {
    if (state === 'half open') tell('ok');
  }

  function ended(outcome: Outcome): void {
    if (state === 'half open') tell(outcome);
    else if (state === 'closed' && outcome !== 'unknown') count(outcome === 'failed');
  }

  function tell(outcome: Outcome): void {
    probes = Math.max(0, probes - 1);
    if (outcome === 'failed') open();
    else if (outcome === 'ok' && ++good >= PROBES) {
      state = 'closed';
      all.fill(0);
      failed.fill(0);
      onState('the circuit is closed again', false);
    }
  }

  function count(failure: boolean): void {
    const now = (performance.now() / PART) | 0;
    if (now - part >= PARTS) part = now - PARTS;
    while (part < now) {
      part++;
      all[part % PARTS] = 0;
      failed[part % PARTS] = 0;
    }
    all[part % PARTS]!++;
    if (!failure) return;
    failed[part % PARTS]!++;
    const total = sum(all);
    const wrong = sum(failed);
    if (total < REQUESTS_MIN || wrong * 100 < percent * total) return;
    open();
    onState(`the circuit is open: ${wrong} of ${total} requests failed`, true);
  }

  function open(): void {
    state = 'open';
    until = performance.now() + rest;
  }

  const left = (): number => (state === 'open' ? Math.max(0, until - performance.now()) : 0);

  return { isOpen, began, answered, ended, left };
}

function sum(parts: Int32Array): number {
  let total = 0;
  for (let i = 0; i < PARTS; i++) total += parts[i]!;
  return total;
}
