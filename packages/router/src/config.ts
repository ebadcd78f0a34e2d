import type { Diagnostic } from './diagnostic.ts';
import type { RouteOptions, ServerOptions } from './options.ts';

/** Any field of this name (in any case) whose value starts with the prefix. */
export interface HeaderRule {
  readonly name: string;
  readonly valuePrefix: string;
}

/** What a request must look like; the matcher needs no more of a route. */
export interface Rule {
  readonly header: HeaderRule | null;
  readonly pathPrefix: string;
}

/** A library's path as written in the file; `libraryPath` resolves it. */
export interface LibraryTarget {
  readonly kind: 'library';
  readonly path: string;
}

export type Target = LibraryTarget;

export interface Route extends Rule {
  /** What stands before the `=`, blanks collapsed. */
  readonly key: string;
  /** Its line in the file, counted from 1. */
  readonly line: number;
  /** A library route has one. */
  readonly targets: readonly Target[];
  /** Defaults filled in. */
  readonly options: RouteOptions;
}

/** A parsed proxy.ini. Serve it only when there are no errors: routes with faults are missing or incomplete. */
export interface Config {
  /** In file order. */
  readonly routes: readonly Route[];
  /** Defaults filled in; the environment's values are yet to be laid over it. */
  readonly server: ServerOptions;
  /** By line. */
  readonly warnings: readonly Diagnostic[];
  /** By line, all of them. */
  readonly errors: readonly Diagnostic[];
}
