import type { Group } from './group.ts';
import type { UpstreamSpec } from './spec.ts';

export interface GroupsOptions {
  /** Something of a route's upstreams has changed: a line for the operator. key: the route's. */
  onState(key: string, text: string, worse: boolean): void;
}

/** The groups of a process; a reload keeps those that are still wanted, with their pools and health. */
export interface Groups {
  /** The same object for an equal spec. */
  group(spec: UpstreamSpec): Group;
  /** Closes all others. */
  keepOnly(groups: ReadonlySet<Group>): void;
  close(): void;
}

export function createGroups(_options: GroupsOptions): Groups {
  return {
    group() {
      throw new Error('upstreams are not there yet');
    },
    keepOnly() {},
    close() {},
  };
}
