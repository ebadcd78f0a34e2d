// Counts what was done, remembers what was wrong, and says both.
import type { Kind, Step } from './schedule.ts';
import type { Traffic } from './traffic.ts';

/** Different ones. */
const SHOWN = 40;
/** Lines of the server that nothing in the schedule explains. */
const UNEXPECTED = /ended by itself|did not leave in time|killed by signal (?!9 )|^\s+at /;

export interface Verdict {
  readonly count: number;
  step(step: Step): void;
  violation(what: string): void;
  /** A line of the server's standard error. */
  told(line: string): void;
  /** How it stands. */
  line(traffic: Traffic): string;
  summary(traffic: Traffic): string;
}

/** clock: seconds since the beginning. */
export function createVerdict(seed: number, clock: () => number): Verdict {
  const done = new Map<Kind, number>();
  const violations = new Map<string, { first: string; times: number }>();
  const recent: Step[] = [];
  let count = 0;

  function violation(what: string): void {
    count += 1;
    const known = violations.get(what);
    if (known) known.times += 1;
    if (known || violations.size >= SHOWN) return;
    const steps = recent.map(
      ({ number, at, event }) => `${number} at ${at / 1000} s ${JSON.stringify(event)}`,
    );
    const first = `${clock().toFixed(3)} s: ${what}\n    after ${steps.join('\n          ')}`;
    violations.set(what, { first, times: 1 });
    console.error(`violation at ${clock().toFixed(3)} s: ${what}`);
  }

  const figures = ({ answered, lost }: Traffic) =>
    `${answered} right answers, ${lost} lost to kills, ${count} violations`;

  return {
    get count() {
      return count;
    },
    step(step) {
      done.set(step.event.kind, (done.get(step.event.kind) ?? 0) + 1);
      recent.push(step);
      if (recent.length > 3) recent.shift();
    },
    violation,
    told(line) {
      if (UNEXPECTED.test(line)) violation(`the server said: ${line}`);
    },
    line: (traffic) =>
      `${clock().toFixed(0).padStart(4)} s  ${figures(traffic)}  step ${recent.at(-1)?.number ?? 0}`,
    summary(traffic) {
      const steps = [...done].map(([kind, times]) => `${kind} ${times}`).join(', ');
      const again = count > 0 ? `\nagain: npm run chaos -- --seed ${seed}` : '';
      const listed = [...violations.values()].map(({ first, times }) => `${first}\n    ${times} times`);
      return `${listed.join('\n')}\n${figures(traffic)}\n${steps}${again}`.trim();
    },
  };
}
