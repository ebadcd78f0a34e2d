// What llhttp lets through and RFC 9112 does not; every door must refuse what this refuses.
import type { IncomingMessage } from 'node:http';

export const TARGET_MAX = 8192;
export const FIELDS_MAX = 100;
export const FIELD_BYTES_MAX = 16384;

/** Without those of RTSP, which llhttp takes with their own protocol's name. */
let methods: Set<string> | undefined;
/** uri-host and port of RFC 9110 7.2, loosely: only characters that RFC 3986 3.2.2 allows; it may be empty. */
const host = /^[A-Za-z0-9._~!$&'()*+,;=%:[\]-]*$/;
/** RFC 9112 3.2: origin, absolute and asterisk form. No fragment: that is the client's own. */
const originOrAbsolute = /^(?:\/|https?:\/\/[^/?#])[^#]*$/i;

/** The status to refuse the request with, or 0 when it is fine. */
export function validateRequest(req: IncomingMessage): number {
  const target = req.url ?? '';
  if (target.length > TARGET_MAX) return 414;
  methods ??= new Set(process.getBuiltinModule('node:http').METHODS);
  if (!methods.has(req.method ?? '')) return 400;
  if (req.httpVersion !== '1.1' && req.httpVersion !== '1.0') return 400;
  if (!originOrAbsolute.test(target) && !(target === '*' && req.method === 'OPTIONS')) return 400;
  if (!host.test(authorityOf(target) ?? '')) return 400; // RFC 9110 4.2.4: no user either
  return validateFields(req.rawHeaders, req.httpVersion);
}

/**
 * Has Host say what an absolute target says, which counts whatever Host says (RFC 9112 3.2.2): else a route that asks for
 * one host could be had with another. Of a request that is valid.
 */
export function settleHost({ url = '', rawHeaders }: IncomingMessage): void {
  const authority = authorityOf(url);
  if (authority === undefined) return;
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (rawHeaders[i].toLowerCase() === 'host') rawHeaders[i + 1] = authority;
}

/** Of a target in absolute form. */
function authorityOf(target: string): string | undefined {
  return target.startsWith('/') ? undefined : /^https?:\/\/([^/?]*)/i.exec(target)?.[1];
}

function validateFields(raw: string[], version: string): number {
  if (raw.length / 2 > FIELDS_MAX) return 431;
  let bytes = 0;
  let hosts = 0;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i];
    const value = raw[i + 1];
    bytes += name.length + value.length + 4; // colon, blank, CR, LF
    switch (name.length) {
      case 4:
        if (name.toLowerCase() !== 'host') break;
        hosts += 1;
        if (!host.test(value)) return 400;
        break;
      case 17:
        if (name.toLowerCase() !== 'transfer-encoding') break;
        // RFC 9112 6.1: not in 1.0; and no other coding is understood here.
        if (version === '1.0' || value.toLowerCase() !== 'chunked') return 400;
        break;
    }
  }
  if (bytes > FIELD_BYTES_MAX) return 431;
  // RFC 9112 3.2: exactly one, except from a 1.0 client.
  if (hosts > 1 || (hosts === 0 && version !== '1.0')) return 400;
  return 0;
}
