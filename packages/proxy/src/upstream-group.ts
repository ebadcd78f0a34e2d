import { createBackend, type State } from './backend.ts';
import { createPick } from './balance.ts';
import type { Backend, Group, Outcome } from './group.ts';
import type { UpstreamSpec } from './spec.ts';

/** The group of a route. onState: a line for the log, and whether something went wrong rather than right. */
export function createGroup(spec: UpstreamSpec, _onState: (text: string, worse: boolean) => void): Group {
  const { balance } = spec.options;
  const seen = new Map<string, number>();
  const backends: readonly State[] = spec.targets.map((target) => {
    const before = seen.get(target.url) ?? 0;
    seen.set(target.url, before + 1);
    return createBackend(target, before);
  });
  const pick = createPick(balance, backends);

  function begin(hash: number, tried: readonly Backend[]): Backend | null {
    let best = Number.POSITIVE_INFINITY;
    for (let i = 0; i < backends.length; i++) {
      const backend = backends[i]!;
      backend.rank = (backend.target.backup ? 1 : 0) + (tried.includes(backend) ? 2 : 0);
      if (backend.rank < best) best = backend.rank;
    }
    const backend = pick(best, hash);
    if (backend === null) return null;
    backend.active++;
    backend.resolver.refresh();
    return backend;
  }

  function end(backend: Backend, _outcome: Outcome, _why?: string): void {
    (backend as State).active--;
  }

  return { backends, balance, begin, end, retryAfter: 1, close() {} };
}
