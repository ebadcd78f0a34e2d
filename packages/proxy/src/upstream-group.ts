// The group of a route: balance, health and circuit put together.
import { State } from './backend.ts';
import { createPick, pickSoonest } from './balance.ts';
import { startChecks } from './checks.ts';
import { createCircuit } from './circuit.ts';
import type { Backend, Group, Outcome } from './group.ts';
import { createHealth, NEVER, OUT } from './health.ts';
import type { UpstreamSpec } from './spec.ts';
import { inOneLine } from './why.ts';

/** onState: a line for the log, and whether something went wrong rather than right. */
export function createGroup(spec: UpstreamSpec, onState: (text: string, worse: boolean) => void): Group {
  const { balance, health_path, health_interval, circuit_breaker, eject_time } = spec.options;
  const backends = createBackends(spec);
  const pick = createPick(balance, backends);
  const health = createHealth(spec.options, backends, onState);
  const circuit = circuit_breaker === undefined ? null : createCircuit(circuit_breaker, eject_time, onState);
  const stopChecks = health_path === undefined ? () => {} : startChecks(spec, health_path, backends, health);

  function begin(hash: number, tried: readonly Backend[]): Backend | null {
    if (circuit?.isOpen()) return null;
    const best = health.rank(tried);
    if (best >= NEVER) return null;
    const backend = best >= OUT ? pickSoonest(backends, best) : pick(best, hash);
    if (backend === null) return null;
    circuit?.began();
    if (backend.out) backend.probes++;
    backend.active++;
    backend.resolver.refresh();
    return backend;
  }

  function answered(backend: Backend): void {
    circuit?.answered();
    health.answered(backend as State);
  }

  function end(backend: Backend, outcome: Outcome, why = 'no answer'): void {
    const state = backend as State;
    state.active--;
    circuit?.ended(outcome);
    health.ended(state, outcome, outcome === 'failed' ? inOneLine(why) : '');
  }

  return {
    backends,
    balance,
    begin,
    answered,
    end,
    get retryAfter() {
      const checks = backends.every(({ down }) => down) ? health_interval : 0;
      return Math.max(1, Math.ceil(Math.max(circuit?.left() ?? 0, checks) / 1000));
    },
    close: stopChecks,
  };
}

function createBackends({ targets }: UpstreamSpec): readonly State[] {
  const seen = new Map<string, number>();
  return targets.map((target) => {
    const before = seen.get(target.url) ?? 0;
    seen.set(target.url, before + 1);
    return new State(target, before);
  });
}
