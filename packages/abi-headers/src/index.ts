// The executor ABI: its definition as data, and the sizes, offsets and constants that follow from it.
export { constants, exports, structs, version } from './definition.ts';
export * as layout from './layout.ts';
export type * from './schema.ts';
