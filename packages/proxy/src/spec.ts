// What a route to upstreams asks for. proxy.ini says it; all values are checked, and paths of files are absolute.

import type { Balance, Field, UpstreamTarget } from '@flexilib/router';

export type { Balance, Field, UpstreamTarget };

/** Named as in proxy.ini. Times in milliseconds, sizes in bytes, shares in percent. */
export interface UpstreamOptions {
  readonly balance: Balance;

  /** The route's own prefix is taken off the path. */
  readonly strip_prefix: boolean;
  /** Put before the path, after the prefix was taken off. */
  readonly add_prefix: string | undefined;
  /** Applied to the path, without its query, in order, before strip_prefix; $1… are the pattern's groups. */
  readonly rewrite: readonly { readonly pattern: RegExp; readonly replacement: string }[];
  /** What the upstream has as Host: «keep» the client's, «upstream» its own, or this text. */
  readonly host: string;
  readonly set_request_header: readonly Field[];
  readonly remove_request_header: readonly string[];
  readonly set_response_header: readonly Field[];
  readonly remove_response_header: readonly string[];

  /** To a connection, TLS included. */
  readonly connect_timeout: number;
  /** From the request's dispatch to the head of the answer. */
  readonly head_timeout: number;
  /** Longest silence of the upstream in a body, or of both sides after an upgrade. */
  readonly idle_timeout: number;
  /** From dispatch to the last byte of the answer; undefined: no limit. */
  readonly timeout: number | undefined;

  /** Tries after the first, on another backend if there is one; only where that is safe. */
  readonly retries: number;
  /** Of a request; undefined: no limit. */
  readonly max_body: number | undefined;
  readonly buffering: 'off' | 'request' | 'response' | 'both';
  /** Has a copy of each request, and its answers are thrown away. */
  readonly mirror: UpstreamTarget | undefined;

  readonly tls_verify: boolean;
  /** Files, PEM. */
  readonly tls_ca: string | undefined;
  readonly tls_certificate: string | undefined;
  readonly tls_key: string | undefined;
  /** For SNI and the certificate's check; undefined: the target's host. */
  readonly tls_name: string | undefined;

  /** The path that active checks ask for; undefined: there are none. */
  readonly health_path: string | undefined;
  readonly health_interval: number;
  /** What is well, from and to inclusive. */
  readonly health_status: readonly (readonly [from: number, to: number])[];
  /** Failures in a row after which a backend is taken out. */
  readonly eject_after: number;
  /** For how long the first time; longer when it goes on. */
  readonly eject_time: number;
  /** How long a backend that is back gets less than its share. */
  readonly slow_start: number | undefined;
  /** Share of failing requests past which the whole route rests; undefined: it never does. */
  readonly circuit_breaker: number | undefined;
  /** With a lower share of its backends well, all of them have requests. */
  readonly panic_threshold: number;
}

export interface UpstreamSpec {
  /** The route's key, for the log. */
  readonly key: string;
  readonly pathPrefix: string;
  readonly targets: readonly UpstreamTarget[];
  readonly options: UpstreamOptions;
}
