/** proxy.ini in, ordered routes and a matcher on bytes out. No I/O anywhere in this package. */
export type { Config, HeaderRule, LibraryTarget, Route, Rule, Target } from './config.ts';
export { type Diagnostic, type Fault, formatDiagnostic, type Outcome } from './diagnostic.ts';
export { environmentOptions } from './environment.ts';
export type { Head } from './head.ts';
export { createMatcher, type Match } from './matcher.ts';
export {
  type Option,
  type OptionTable,
  type RouteOptions,
  routeOptions,
  type ServerOptions,
  serverOptions,
} from './options.ts';
export { parseConfig } from './parse.ts';
export { libraryPath } from './target.ts';
export { parseOption } from './values.ts';
