// From HTTP to an executor and back, through two doors: the edge for plain requests, node:http for all others.
export type { LineSink } from './access.ts';
export type { DevHooks } from './dev.ts';
export { createDoor, type Door, type DoorOptions, type Limits } from './door.ts';
export { newPace, type Pace } from './pace.ts';
export { type Reply, textReply } from './reply.ts';
export type { LibraryRoute, ReturnRoute, RouteTable, ServedRoute, UpstreamRoute } from './routes.ts';
export type { Measured, Story } from './story.ts';
