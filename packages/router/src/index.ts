/** proxy.ini in, ordered routes and a matcher on bytes out. No I/O anywhere in this package. */
export {
  areUpstreams,
  type Config,
  type HeaderRule,
  type ImageTarget,
  type LibraryTarget,
  type Placeholder,
  type ReturnTarget,
  type Route,
  type Rule,
  type Target,
  type Targets,
  type UpstreamTarget,
} from './config.ts';
export { type Diagnostic, type Fault, formatDiagnostic, type Outcome } from './diagnostic.ts';
export { environmentOptions } from './environment.ts';
export { createFieldTest } from './field-test.ts';
export type { Head } from './head.ts';
export { createMatcher, type Match } from './matcher.ts';
export type { Balance, Field, FieldMatch, Option, OptionTable, Rewrite } from './option.ts';
export {
  type RouteOptions,
  routeOptions,
  type ServerOptions,
  serverOptions,
} from './options.ts';
export { parseConfig } from './parse.ts';
export { hostOf, pathOf, uriOf } from './parts.ts';
export { libraryPath } from './target.ts';
export { resolveUpstream } from './upstream.ts';
export { parseOption } from './values.ts';
