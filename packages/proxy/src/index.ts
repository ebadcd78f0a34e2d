// Upstreams: which one a request goes to, whether it is well, what is said to it and what of its answer goes on.
export type { Backend, Group, Outcome } from './group.ts';
export { createGroups, type Groups, type GroupsOptions } from './groups.ts';
export type { Balance, Field, UpstreamOptions, UpstreamSpec, UpstreamTarget } from './spec.ts';
