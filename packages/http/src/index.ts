// From HTTP to an executor and back. Today one door, node:http; it is complete HTTP/1.1.
export { type AccessRecord, formatAccess } from './access.ts';
export { createDoor, type Door, type DoorOptions, type Limits } from './door.ts';
export type { RouteTable, ServedRoute } from './routes.ts';
