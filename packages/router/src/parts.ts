import { type Head, hasName } from './head.ts';
import { authorityEnd, authorityStart, pathStart, questionMark } from './path.ts';

const none = new Uint8Array();
const root = Uint8Array.of(0x2f);
const hostName: Uint8Array = new TextEncoder().encode('host');
const at = 0x40;

/** The request's path and query, as sent; of an absolute target what follows its host, and at least `/`. */
export function uriOf(head: Head): Uint8Array {
  const { bytes, targetStart, targetLength } = head;
  const start = pathStart(head);
  const target = bytes.subarray(targetStart, targetStart + targetLength);
  if (start !== -1) return target.subarray(start - targetStart);
  const query = target.indexOf(questionMark);
  return query === -1 ? root : Uint8Array.of(...root, ...target.subarray(query));
}

/** The request's path, as sent. */
export function pathOf(head: Head): Uint8Array {
  const uri = uriOf(head);
  const query = uri.indexOf(questionMark);
  return query === -1 ? uri : uri.subarray(0, query);
}

/** The host that the request names, with its port: an absolute target's (RFC 9112 3.2.2), else the field's, or nothing. */
export function hostOf(head: Head): Uint8Array {
  const { bytes, fields, fieldCount } = head;
  const start = authorityStart(head);
  if (start !== -1) {
    const authority = bytes.subarray(start, authorityEnd(head, start));
    return authority.subarray(authority.lastIndexOf(at) + 1);
  }
  for (let i = 0; i < fieldCount; i++) {
    const value = fields[i * 4 + 2]!;
    if (hasName(head, i, hostName)) return bytes.subarray(value, value + fields[i * 4 + 3]!);
  }
  return none;
}
