// What an upstream is told in a request's fields.
import { fieldValue, isHopByHop, listValue, namedByConnection } from './fields.ts';
import { forwardedElement, plainAddress } from './forwarded.ts';
import type { UpstreamSpec, UpstreamTarget } from './spec.ts';

export interface RequestContext {
  readonly method: string;
  /** The client's: «1.1» or «1.0». */
  readonly version: string;
  /** Of the request, as it came. */
  readonly target: string;
  readonly upstream: UpstreamTarget;
  /** The numeric address that the client's connection comes from; «»: it has none. */
  readonly peer: string;
  /** The client's connection has TLS. */
  readonly secure: boolean;
  /** The peer is a proxy whose word counts. */
  readonly trusted: boolean;
}

/** Names in lower case. */
interface Plan {
  readonly removed: ReadonlySet<string>;
  /** Name, value… */
  readonly set: readonly string[];
}

const VIA = 'flexilib';

/** What only a proxy that is trusted may say of the client. */
export const OF_PROXIES: ReadonlySet<string> = new Set([
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-server',
  'x-real-ip',
]);

/** uri-host and port, loosely; the doors have checked Host so, but not the authority of an absolute target. */
const HOST = /^[A-Za-z0-9._~!$&'()*+,;=%:[\]-]+$/;

const plans = new WeakMap<UpstreamSpec, Plan>();

/**
 * The fields for the upstream, name, value, name, value, in place of the client's. Of the framing, Content-Length stays and
 * Transfer-Encoding goes: who sends the body says how.
 */
export function requestFields(
  spec: UpstreamSpec,
  rawHeaders: readonly string[],
  context: RequestContext,
): string[] {
  const { removed, set } = planOf(spec);
  const { upstream, trusted, version } = context;
  const named = namedByConnection(rawHeaders);
  const asked = askedHost(context.target, rawHeaders);
  const sent: string[] = [];
  const add = (name: string, value: string): void => {
    if (!removed.has(name)) sent.push(name, value);
  };

  add('host', hostFor(spec.options.host, asked, upstream));
  let proto = false;
  let host = false;
  let trailers = false;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase();
    const value = rawHeaders[i + 1]!;
    if (name === 'te' && version !== '1.0' && /(?:^|,)[ \t]*trailers[ \t]*(?:,|$)/i.test(value))
      trailers = true;
    if (name === 'host' || name === 'via' || isHopByHop(name, named) || removed.has(name)) continue;
    // Programs that take fields for variables can't tell these names from those with a dash.
    if (!trusted && OF_PROXIES.has(name.includes('_') ? name.replaceAll('_', '-') : name)) continue;
    if (name === 'x-forwarded-for' || name === 'forwarded') continue;
    if (name === 'x-forwarded-proto') proto = true;
    if (name === 'x-forwarded-host') host = true;
    if (name === 'max-forwards' && maxForwards(context.method, rawHeaders) !== null) continue;
    sent.push(rawHeaders[i]!, value);
  }

  if (trailers) {
    add('te', 'trailers');
    sent.push('connection', 'te');
  }
  const client = plainAddress(context.peer) || 'unknown';
  const protocol = context.secure ? 'https' : 'http';
  const before = (name: string): string => {
    const list = trusted || name === 'via' ? listValue(rawHeaders, name) : undefined;
    return list === undefined ? '' : `${list}, `;
  };
  add('x-forwarded-for', before('x-forwarded-for') + client);
  if (!proto) add('x-forwarded-proto', protocol);
  if (!host && asked !== '') add('x-forwarded-host', asked);
  add('forwarded', before('forwarded') + forwardedElement(client, asked, protocol));
  add('via', `${before('via')}${version === '1.0' ? '1.0' : '1.1'} ${VIA}`);
  const left = maxForwards(context.method, rawHeaders);
  if (left !== null) add('max-forwards', String(Math.max(0, left - 1)));
  for (const part of set) sent.push(part);
  return sent;
}

/**
 * How many more proxies an OPTIONS or TRACE may pass; at 0 who has it answers itself. null: any number, or another method
 * (RFC 9110, 7.6.2).
 */
export function maxForwards(method: string, rawHeaders: readonly string[]): number | null {
  if (method !== 'OPTIONS' && method !== 'TRACE') return null;
  const value = fieldValue(rawHeaders, 'max-forwards');
  return value !== undefined && /^\d{1,9}$/.test(value) ? Number(value) : null;
}

/** Whether a method may be sent twice (RFC 9110, 9.2.2). */
export function isIdempotent(method: string): boolean {
  switch (method) {
    case 'GET':
    case 'HEAD':
    case 'PUT':
    case 'DELETE':
    case 'OPTIONS':
    case 'TRACE':
      return true;
    default:
      return false;
  }
}

/** What an upstream calls itself: its name, and its port unless that is the scheme's. */
export function authorityOf({ host, port, secure, socket }: UpstreamTarget): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return socket !== null || port === (secure ? 443 : 80) ? name : `${name}:${port}`;
}

function hostFor(wish: string, asked: string, upstream: UpstreamTarget): string {
  if (wish === 'upstream' || (wish === 'keep' && asked === '')) return authorityOf(upstream);
  return wish === 'keep' ? asked : wish;
}

/** The host that the client wants: of an absolute target, whatever Host says (RFC 9112, 3.2.2), else Host; «»: none. */
function askedHost(target: string, rawHeaders: readonly string[]): string {
  const authority = /^[a-z][a-z\d+.-]*:\/\/(?:[^/?#]*@)?([^/?#@]+)/i.exec(target)?.[1];
  if (authority !== undefined && HOST.test(authority)) return authority;
  return fieldValue(rawHeaders, 'host') ?? '';
}

function planOf(spec: UpstreamSpec): Plan {
  let plan = plans.get(spec);
  if (!plan) {
    const { set_request_header, remove_request_header } = spec.options;
    const names = [...remove_request_header, ...set_request_header.map(({ name }) => name)];
    plan = {
      removed: new Set(names.map((name) => name.toLowerCase())),
      set: set_request_header.flatMap(({ name, value }) => [name, value]),
    };
    plans.set(spec, plan);
  }
  return plan;
}
