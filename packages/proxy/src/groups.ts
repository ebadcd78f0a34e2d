// The groups of all routes, which outlive a reload of the configuration.
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
  const groups = new Map<string, Group>();

  function keepOnly(kept: ReadonlySet<Group>): void {
    for (const [identity, group] of groups) {
      if (kept.has(group)) continue;
      groups.delete(identity);
      group.close();
    }
  }

  return {
    group(spec) {
      const identity = JSON.stringify(spec, (_, value) => (value instanceof RegExp ? String(value) : value));
      let group = groups.get(identity);
      if (!group) {
        group = createGroup(spec, (text, worse) => onState(spec.key, text, worse));
        groups.set(identity, group);
      }
      return group;
    },
    keepOnly,
    close: () => keepOnly(new Set()),
  };
}
