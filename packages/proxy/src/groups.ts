// The groups of all routes, which outlive a reload of the configuration.
import { renewAgents } from './agents.ts';
import type { Group } from './group.ts';
import type { UpstreamSpec } from './spec.ts';
import { createGroup } from './upstream-group.ts';

export interface Groups {
  /** The same for equal specs, so that a reload keeps what is known of the backends. */
  group(spec: UpstreamSpec): Group;
  /** Closes the others: no route has them any more. */
  keepOnly(groups: ReadonlySet<Group>): void;
  /** Closes all. */
  close(): void;
}

/** onState: key is the route's, text a line for the log, worse whether something went wrong rather than right. */
export function createGroups({
  onState,
}: {
  onState(key: string, text: string, worse: boolean): void;
}): Groups {
  /** By the key of the route: while a reload is under way there may be two. */
  const known = new Map<string, { readonly spec: UpstreamSpec; readonly group: Group }[]>();

  function keepOnly(kept: ReadonlySet<Group>): void {
    for (const [key, all] of known) {
      const left = all.filter(({ group }) => kept.has(group));
      if (left.length === all.length) continue;
      for (const { group } of all) if (!kept.has(group)) group.close();
      if (left.length > 0) known.set(key, left);
      else known.delete(key);
    }
  }

  return {
    group(spec) {
      let all = known.get(spec.key);
      const same = all?.find((one) => isSame(one.spec, spec));
      if (same) {
        // Its files may have changed: certificates are renewed so.
        const { tls_ca, tls_certificate } = spec.options;
        if (tls_ca !== undefined || tls_certificate !== undefined) renewAgents(same.group);
        return same.group;
      }
      const group = createGroup(spec, (text, worse) => onState(spec.key, text, worse));
      if (!all) {
        all = [];
        known.set(spec.key, all);
      }
      all.push({ spec, group });
      return group;
    },
    keepOnly,
    close: () => keepOnly(new Set()),
  };
}

/** Of data that is as in JSON, with patterns. Thousands of routes are compared at a reload. */
function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (one instanceof RegExp || other instanceof RegExp) return String(one) === String(other);
  const names = Object.keys(one);
  if (names.length !== Object.keys(other).length) return false;
  return names.every(
    (name) => Object.hasOwn(other, name) && isSame(one[name as keyof object], other[name as keyof object]),
  );
}
