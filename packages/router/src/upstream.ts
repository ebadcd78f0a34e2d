import { resolve } from 'node:path';
import type { UpstreamTarget } from './config.ts';
import type { Fault, Outcome } from './diagnostic.ts';
import { parseAuthority } from './host.ts';

/** What sun_path of unix(7) holds, without its zero. */
const SOCKET_PATH_MAX = 107;
const WEIGHT_MAX = 1000;

type Upstreams = readonly [UpstreamTarget, ...UpstreamTarget[]];

/** Whether this word is an upstream, right or wrong. */
export function isUpstream(word: string): boolean {
  return /^(https?|unix):/i.test(word);
}

/** Whether this word says something of the upstream before it, right or wrong. */
export function isAttribute(word: string): boolean {
  return /^(weight|backup)(=|$)/.test(word);
}

/** Reads `http://10.0.0.7:80 weight=3 http://10.0.0.8:80 backup`, in words of which the first is an upstream. */
export function parseUpstreams(words: readonly string[]): Outcome<Upstreams> {
  const upstreams: UpstreamTarget[] = [];
  const given = new Set<string>();
  for (const word of words) {
    if (isUpstream(word)) {
      const outcome = parseUpstream(word);
      if ('fault' in outcome) return outcome;
      const twin = upstreams.find((other) => isSame(other, outcome.value));
      if (twin) {
        const message = `\`${word}\` is named twice`;
        return { fault: { message, hint: 'name it once, with `weight=N` for a larger share' } };
      }
      upstreams.push(outcome.value);
      given.clear();
    } else if (isAttribute(word)) {
      const outcome = parseAttribute(word);
      if ('fault' in outcome) return outcome;
      const [name] = Object.keys(outcome.value);
      if (given.has(name)) {
        const message = `\`${name}\` is said twice of \`${upstreams.at(-1)!.url}\``;
        return { fault: { message, hint: 'delete one' } };
      }
      given.add(name);
      upstreams.push({ ...upstreams.pop()!, ...outcome.value });
    } else {
      return { fault: strangeWord(word) };
    }
  }
  const fault = groupFault(upstreams);
  return fault ? { fault } : { value: upstreams as unknown as Upstreams };
}

/** Reads one upstream, without weight and backup. */
export function parseUpstream(url: string): Outcome<UpstreamTarget> {
  const [, scheme, rest] = /^([a-z]+):(.*)$/is.exec(url)!;
  if (/^unix$/i.test(scheme)) {
    const fault = socketFault(rest);
    if (fault) return { fault };
    return { value: newUpstream(url, false, 'localhost', 0, rest) };
  }
  const secure = /^https$/i.test(scheme);
  const [, socket] = /^\/\/unix:(\/.*)$/is.exec(rest) ?? [];
  if (socket !== undefined) {
    const [path, uri] = splitSocket(socket);
    return { fault: { message: `\`${url}\` is a Unix socket`, hint: socketHint(path, uri) } };
  }
  const [, authority, path] = /^\/\/([^/?]*)(.*)$/s.exec(rest) ?? [];
  if (authority === undefined) {
    const hint = `write \`${scheme.toLowerCase()}://${rest.replace(/^\/+/, '')}\``;
    return { fault: { message: `\`${url}\` has no \`//\``, hint } };
  }
  if (authority.includes('@')) {
    const hint = 'delete what stands before the `@`; set_request_header can set Authorization';
    return { fault: { message: 'an upstream has no user', hint } };
  }
  const outcome = parseAuthority(authority);
  if ('fault' in outcome)
    return { fault: { ...outcome.fault, message: `\`${url}\`: ${outcome.fault.message}` } };
  if (path !== '' && path !== '/') {
    const base = `write \`${scheme.toLowerCase()}://${authority}\``;
    if (path.includes('?')) return { fault: { message: `\`${url}\` has a query`, hint: base } };
    const hint = `${base}; \`add_prefix = ${path}\` puts that before each path`;
    return { fault: { message: `\`${url}\` has a path`, hint } };
  }
  const { host, port = secure ? 443 : 80 } = outcome.value;
  return { value: newUpstream(url.replace(/\/$/, ''), secure, host, port, null) };
}

function newUpstream(
  url: string,
  secure: boolean,
  host: string,
  port: number,
  socket: string | null,
): UpstreamTarget {
  return { kind: 'upstream', url, secure, host, port, socket, weight: 1, backup: false };
}

/** With the path of its Unix socket absolute; relative ones are relative to the folder of the proxy.ini. */
export function resolveUpstream(target: UpstreamTarget, folder: string): UpstreamTarget {
  return target.socket === null ? target : { ...target, socket: resolve(folder, target.socket) };
}

/** As nginx writes it: what is asked for may stand behind a colon, `/run/app.sock:/v1`. */
function splitSocket(text: string): [path: string, uri: string] {
  const [, path, uri = ''] = /^(.*?)(?::(\/.*)?)?$/s.exec(text)!;
  return [path, uri];
}

function socketHint(path: string, uri: string): string {
  const base = `write \`unix:${path}\``;
  return uri === '' || uri === '/' ? base : `${base}; \`add_prefix = ${uri}\` puts that before each path`;
}

function socketFault(path: string): Fault | undefined {
  if (path.includes(':/')) {
    const message = `\`unix:${path}\` has a path after the socket`;
    return { message, hint: socketHint(...splitSocket(path)) };
  }
  if (path === '' || path.endsWith('/')) {
    return { message: `\`unix:${path}\` names no socket`, hint: 'write `unix:/run/app.sock`' };
  }
  if (path.startsWith('//')) {
    const hint = `write \`unix:${path.replace(/^\/+/, '/')}\``;
    return { message: `\`unix:${path}\` begins with several slashes`, hint };
  }
  if (/\p{Cc}/u.test(path)) {
    return { message: 'the path of a socket has a control character', hint: 'delete it' };
  }
  if (Buffer.byteLength(path) > SOCKET_PATH_MAX) {
    const hint = `the system takes ${SOCKET_PATH_MAX} bytes`;
    return { message: `\`unix:${path}\` is too long`, hint };
  }
  return undefined;
}

function parseAttribute(word: string): Outcome<{ weight: number } | { backup: true }> {
  if (word === 'backup') return { value: { backup: true } };
  const [, digits] = /^weight=(\d{1,4})$/.exec(word) ?? [];
  const weight = Number(digits ?? 0);
  if (weight >= 1 && weight <= WEIGHT_MAX) return { value: { weight } };
  if (word.startsWith('backup'))
    return { fault: { message: `\`${word}\` has a value`, hint: 'write `backup`' } };
  return {
    fault: { message: `\`${word}\` is no weight`, hint: `write \`weight=N\`, from 1 to ${WEIGHT_MAX}` },
  };
}

function strangeWord(word: string): Fault {
  const hint = 'after an upstream come `weight=N`, `backup`, or another upstream: http://, https:// or unix:';
  return { message: `\`${word}\` is no upstream`, hint };
}

/** What is wrong with upstreams that are each in order. */
function groupFault(upstreams: readonly UpstreamTarget[]): Fault | undefined {
  if (upstreams.every(({ backup }) => backup)) {
    const hint = 'a backup stands in for others; delete `backup` of one';
    return { message: 'each upstream is a backup', hint };
  }
  const plain = upstreams.find(({ secure }) => !secure);
  if (plain && upstreams.some(({ secure }) => secure)) {
    const hint = `make all of them https://, or none; \`${plain.url}\` is plain`;
    return { message: 'upstreams with and without TLS in one route', hint };
  }
  return undefined;
}

function isSame(a: UpstreamTarget, b: UpstreamTarget): boolean {
  return a.secure === b.secure && a.host === b.host && a.port === b.port && a.socket === b.socket;
}
