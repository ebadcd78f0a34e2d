// A route as it is served: what [server] decides is filled in, and paths are absolute.
import { resolve } from 'node:path';
import { cachedLibrary } from '@flexilib/oci';
import type { Reference } from '@flexilib/oci/reference';
import type { UpstreamOptions, UpstreamSpec } from '@flexilib/proxy';
import {
  areUpstreams,
  type FieldMatch,
  libraryPath,
  type ReturnTarget,
  type Route,
  type RouteOptions,
  type Rule,
  resolveUpstream,
  routeOptions,
  type ServerOptions,
  type Targets,
} from '@flexilib/router';

export interface PulledImage {
  reference: Reference;
  /** Milliseconds between two questions where its tag leads. */
  interval: number;
}

export interface LibraryDestination {
  kind: 'library';
  /** An absolute path. */
  library: string;
  /** Where it comes from, if that is a registry: then the path is in the cache. */
  image: PulledImage | null;
  /** Milliseconds. */
  timeout: number;
  run: RouteOptions['run'];
}

export type Destination = LibraryDestination | { kind: 'upstream'; spec: UpstreamSpec } | ReturnTarget;

export interface SettledRoute extends Rule {
  key: string;
  destination: Destination;
  /** Has the requests that fit, and of the others so many percent. */
  canary: { destination: Destination; weight: number; header: FieldMatch | undefined } | undefined;
  maxCalls: number;
}

/** folder: of the proxy.ini. cache: of what is pulled. */
export function settleRoute(
  route: Route,
  server: ServerOptions,
  folder: string,
  cache: string,
): SettledRoute {
  const { key, header, pathPrefix, targets, options } = route;
  const settle = (targets: Targets) => settleTargets(targets, route, server, folder, cache);
  return {
    key,
    header,
    pathPrefix,
    destination: settle(targets),
    canary: options.canary && {
      destination: settle(options.canary),
      weight: options.canary_weight ?? 0,
      header: options.canary_header,
    },
    maxCalls: options.max_concurrency ?? Number.POSITIVE_INFINITY,
  };
}

function settleTargets(
  targets: Targets,
  { key, pathPrefix, options }: Route,
  server: ServerOptions,
  folder: string,
  cache: string,
): Destination {
  if (areUpstreams(targets)) {
    const resolved = targets.map((target) => resolveUpstream(target, folder));
    const spec = { key, pathPrefix, targets: resolved, options: upstreamOptions(options, server, folder) };
    return { kind: 'upstream', spec };
  }
  const [target] = targets;
  if (target.kind === 'return') return target;
  const { timeout = server.timeout, run } = options;
  if (target.kind === 'library')
    return { kind: 'library', library: libraryPath(target, folder), image: null, timeout, run };
  const image = { reference: target.reference, interval: options.pull_interval };
  return { kind: 'library', library: cachedLibrary(cache, target.reference), image, timeout, run };
}

/** Those of upstreams alone: others would make two specs differ that are equal to the proxy. */
const names = Object.entries(routeOptions).flatMap(([name, option]) =>
  'for' in option && option.for === 'upstream' ? [name as keyof RouteOptions] : [],
);

function upstreamOptions(options: RouteOptions, server: ServerOptions, folder: string): UpstreamOptions {
  const own = Object.fromEntries(names.map((name) => [name, options[name]])) as Pick<
    RouteOptions,
    Exclude<keyof UpstreamOptions, 'timeout'>
  >;
  const file = (path: string | undefined) => path && resolve(folder, path);
  return {
    ...own,
    timeout: options.timeout,
    head_timeout: own.head_timeout ?? server.timeout,
    max_body: own.max_body ?? server.max_body,
    mirror: own.mirror && resolveUpstream(own.mirror, folder),
    tls_ca: file(own.tls_ca),
    tls_certificate: file(own.tls_certificate),
    tls_key: file(own.tls_key),
  };
}
