// What holds for the fields of requests and of answers alike. Fields are node's rawHeaders: name, value, name, value.

/** Of one connection, so never passed on (RFC 9110, 7.6.1); `Proxy` is no field at all, but CGI programs take it for one. */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'proxy',
  'proxy-authorization',
  'proxy-authenticate',
  'proxy-authentication-info',
]);

/** What Connection may not name: without these the other side takes the message for another one, or from another. */
const END_TO_END = /^(?:host|content-length|forwarded|via|max-forwards|x-forwarded-.+|x-real-ip|date)$/;

const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
/** RFC 9110, 5.5: no control characters but the tab, so that no value ends its line. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Whether a field ends here; named: what namedByConnection gave; name in lower case. */
export function isHopByHop(name: string, named: ReadonlySet<string> | null): boolean {
  return HOP_BY_HOP.has(name) || named?.has(name) === true;
}

/** The names, in lower case, of the fields that Connection takes along; null: none. */
export function namedByConnection(rawHeaders: readonly string[]): ReadonlySet<string> | null {
  let named: Set<string> | null = null;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]!.length !== 10 || rawHeaders[i]!.toLowerCase() !== 'connection') continue;
    for (const part of rawHeaders[i + 1]!.split(',')) {
      const name = part.trim().toLowerCase();
      if (name === '' || name === 'close' || HOP_BY_HOP.has(name) || END_TO_END.test(name)) continue;
      named ??= new Set();
      named.add(name);
    }
  }
  return named;
}

/** The value of the first field with this name, given in lower case. */
export function fieldValue(rawHeaders: readonly string[], name: string): string | undefined {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]!.length === name.length && rawHeaders[i]!.toLowerCase() === name)
      return rawHeaders[i + 1];
  }
  return undefined;
}

/** The values of all fields with this name, given in lower case, as one list; undefined: there is none. */
export function listValue(rawHeaders: readonly string[], name: string): string | undefined {
  let list: string | undefined;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]!.length !== name.length || rawHeaders[i]!.toLowerCase() !== name) continue;
    if (rawHeaders[i + 1] === '') continue;
    list = list === undefined ? rawHeaders[i + 1]! : `${list}, ${rawHeaders[i + 1]}`;
  }
  return list;
}

/** Whether a field can be sent without becoming more than one. */
export function isSound(name: string, value: string): boolean {
  return TOKEN.test(name) && VALUE.test(value);
}
