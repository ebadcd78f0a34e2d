import {
  type Backend,
  createGroups,
  type Group,
  type UpstreamOptions,
  type UpstreamSpec,
  type UpstreamTarget,
} from '../src/index.ts';

export function target(url: string, more: Partial<UpstreamTarget> = {}): UpstreamTarget {
  const { protocol, hostname, port } = new URL(url);
  const secure = protocol === 'https:';
  return {
    kind: 'upstream',
    url,
    secure,
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || (secure ? 443 : 80)),
    socket: null,
    weight: 1,
    backup: false,
    ...more,
  };
}

/** As many targets, on addresses that nobody connects to. */
export function targets(...weights: number[]): UpstreamTarget[] {
  return weights.map((weight, i) => target(`http://10.0.0.${i + 1}:80`, { weight }));
}

export function specOf(
  targets: readonly UpstreamTarget[],
  options: Partial<UpstreamOptions> = {},
  pathPrefix = '/',
): UpstreamSpec {
  return {
    key: 'a.example/',
    pathPrefix,
    targets,
    options: {
      balance: { kind: 'round-robin' },
      strip_prefix: false,
      add_prefix: undefined,
      rewrite: [],
      host: 'keep',
      set_request_header: [],
      remove_request_header: [],
      set_response_header: [],
      remove_response_header: [],
      connect_timeout: 1000,
      head_timeout: 1000,
      idle_timeout: 1000,
      timeout: undefined,
      retries: 1,
      max_body: undefined,
      buffering: 'off',
      mirror: undefined,
      tls_verify: true,
      tls_ca: undefined,
      tls_certificate: undefined,
      tls_key: undefined,
      tls_name: undefined,
      health_path: undefined,
      health_interval: 1000,
      health_status: [[200, 299]],
      eject_after: 3,
      eject_time: 10_000,
      slow_start: undefined,
      circuit_breaker: undefined,
      panic_threshold: 0,
      ...options,
    },
  };
}

export interface Line {
  readonly text: string;
  readonly worse: boolean;
}

/** A group and what it has told. */
export function groupOf(spec: UpstreamSpec): { group: Group; lines: Line[]; texts: () => string[] } {
  const lines: Line[] = [];
  const groups = createGroups({ onState: (_, text, worse) => lines.push({ text, worse }) });
  return { group: groups.group(spec), lines, texts: () => lines.map(({ text }) => text) };
}

/** The last digit of the address of the backend that has a request, which ends well at once; «-»: none has. */
export function serve(group: Group, hash = 0, tried: readonly Backend[] = []): string {
  const backend = group.begin(hash, tried);
  if (!backend) return '-';
  group.end(backend, 'ok');
  return nameIn(backend);
}

export function nameIn(backend: Backend): string {
  return backend.target.host.slice(-1);
}
