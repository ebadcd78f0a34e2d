import type { RouteOptions, ServerOptions } from './options.ts';

/** What nginx, HAProxy and Caddy call an option, where the nearest name of ours would mislead. */
export const synonyms: ReadonlyMap<string, readonly (keyof RouteOptions | keyof ServerOptions)[]> = new Map([
  ['listen', ['port']],
  ['bind', ['host']],
  ['worker_processes', ['workers']],
  ['set_real_ip_from', ['trusted_proxies']],
  ['client_max_body_size', ['max_body']],
  ['maxconn', ['max_concurrency']],
  ['proxy_set_header', ['set_request_header']],
  ['header_up', ['set_request_header']],
  ['add_header', ['set_response_header']],
  ['header_down', ['set_response_header']],
  ['proxy_hide_header', ['remove_response_header']],
  ['proxy_connect_timeout', ['connect_timeout']],
  ['proxy_read_timeout', ['head_timeout', 'idle_timeout']],
  ['lb_policy', ['balance']],
  ['health_uri', ['health_path']],
]);

/** What they say for the upstreams of a route, which here stand behind its `=`. */
export const targetWords: ReadonlySet<string> = new Set(['proxy_pass', 'reverse_proxy']);
