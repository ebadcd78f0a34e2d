import type { Reference } from '@flexilib/oci/reference';
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

/** A library in a registry. */
export interface ImageTarget {
  readonly kind: 'image';
  readonly reference: Reference;
}

/** An upstream: an HTTP/1.1 server. */
export interface UpstreamTarget {
  readonly kind: 'upstream';
  /** As written, without weight and backup: «http://10.0.0.7:80», «unix:/run/app.sock». */
  readonly url: string;
  /** TLS. */
  readonly secure: boolean;
  /** A name or a numeric address, IPv6 without brackets; of a Unix socket «localhost». */
  readonly host: string;
  /** Of a Unix socket 0. */
  readonly port: number;
  /** The path of a Unix socket, which `resolveUpstream` resolves; null: TCP. */
  readonly socket: string | null;
  /** Its share of the requests. */
  readonly weight: number;
  /** It has requests only when none of the others can have any. */
  readonly backup: boolean;
}

/** What of the request may stand in the location of a redirect. */
export type Placeholder = 'uri' | 'path' | 'host';

/** An answer of the configuration's own. */
export interface ReturnTarget {
  readonly kind: 'return';
  readonly status: number;
  /** Of a redirect, visible ASCII; what of the request goes between. */
  readonly location: readonly (string | { readonly placeholder: Placeholder })[] | undefined;
  /** undefined: the reason phrase, or nothing where the status has no content. */
  readonly text: string | undefined;
}

export type Target = LibraryTarget | ImageTarget | UpstreamTarget | ReturnTarget;

/** What stands behind a route's `=`: upstreams may be several. */
export type Targets =
  | readonly [LibraryTarget]
  | readonly [ImageTarget]
  | readonly [ReturnTarget]
  | readonly [UpstreamTarget, ...UpstreamTarget[]];

export interface Route extends Rule {
  /** What stands before the `=`, blanks collapsed. */
  readonly key: string;
  /** Its line in the file, counted from 1. */
  readonly line: number;
  readonly targets: Targets;
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

/** Narrows to upstreams. */
export function areUpstreams(
  targets: readonly Target[],
): targets is readonly [UpstreamTarget, ...UpstreamTarget[]] {
  return targets[0]?.kind === 'upstream';
}
