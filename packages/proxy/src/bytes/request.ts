// A plain request as the upstream has it, made of the client's bytes. What only a few requests need is made of text, by
// the functions that the other way uses, so that both say the same.

import { HOP_BY_HOP } from '../fields.ts';
import { forwardedNode, plainAddress } from '../forwarded.ts';
import { authorityOf, OF_PROXIES, type RequestContext, requestFields } from '../request-fields.ts';
import type { UpstreamSpec, UpstreamTarget } from '../spec.ts';
import { isTargetKept, rewriteTarget } from '../target.ts';
import { ascii, createNames, hasName, move, type Names, put } from './text.ts';

/** Where the parts of a request are; all offsets are into the bytes. */
export interface RequestBytes {
  readonly from: number;
  readonly methodLength: number;
  readonly targetStart: number;
  readonly targetLength: number;
  readonly fieldCount: number;
  readonly contentStart: number;
  readonly contentLength: number;
}

/** What is said of a client to upstreams: made once a connection. */
export interface ClientLines {
  /** Its numeric address; «»: it has none. */
  readonly address: string;
  /** Its word about clients before it counts. */
  readonly trusted: boolean;
  /** Up to the host in Forwarded. */
  readonly before: Uint8Array;
}

/** address: numeric, or «»: a Unix socket's client. */
export function describeClient(address: string, trusted: boolean): ClientLines {
  const client = plainAddress(address) || 'unknown';
  const lines = `x-forwarded-for: ${client}\r\nx-forwarded-proto: http\r\nvia: 1.1 flexilib\r\nforwarded: for=${forwardedNode(client)};host="`;
  return { address, trusted, before: ascii(lines) };
}

/** Initials of methods: of OPTIONS, and of POST, PUT and PATCH. */
const OPTIONS = 0x4f;
const POST = 0x50;
const maxForwards = createNames(['max-forwards']);
const length = createNames(['content-length']);
/** Of a body that the method lets one expect (RFC 9110 8.6). */
const noLength = ascii('content-length: 0\r\n\r\n');
const version = ascii(' HTTP/1.1\r\n');
const afterHost = ascii('";proto=http\r\nx-forwarded-host: ');
const end = ascii('\r\n\r\n');
const nothing = new Uint8Array(0);

const KEEP = 0;
const DROP = 1;
const HOST = 2;
/** The fields must be made of text. */
const TEXT = 3;

interface Known {
  /** In lower case. */
  readonly name: Uint8Array;
  readonly fate: number;
  /** A dash stands for an underscore too, as request-fields.ts has it. */
  readonly loose: boolean;
}

/** By length. */
const names: (readonly Known[] | undefined)[] = [];
function know(all: Iterable<string>, fate: number, loose = false): void {
  for (const name of all)
    names[name.length] = [...(names[name.length] ?? []), { name: ascii(name), fate, loose }];
}
know(['host'], HOST);
know(['te', 'via'], TEXT); // «te» is in the next line too, and the first one counts
know(HOP_BY_HOP, DROP);
know(['trailer'], DROP); // a body with a length has none (RFC 9112 6.5)
know(OF_PROXIES, DROP, true);
const NAME_MAX = names.length - 1;

function fateOf(bytes: Uint8Array, at: number, length: number): number {
  const alike = length <= NAME_MAX ? names[length] : undefined;
  if (alike === undefined) return KEEP;
  for (let i = 0; i < alike.length; i++) if (isAlike(bytes, at, alike[i])) return alike[i].fate;
  return KEEP;
}

function isAlike(bytes: Uint8Array, at: number, { name, loose }: Known): boolean {
  // Most differ here.
  if ((bytes[at] | 0x20) !== name[0]) return false;
  for (let i = 1; i < name.length; i++) {
    const byte = bytes[at + i];
    if ((byte | 0x20) !== name[i] && !(loose && name[i] === 0x2d && byte === 0x5f)) return false;
  }
  return true;
}

/**
 * Writes the request for a backend from `out` on, in the same bytes, and gives where it ends; -1: there is not enough room
 * before `limit`, or the request may have to be answered here. fields: four numbers each, nameOffset, nameLength, valueOffset, valueLength.
 */
export type Composer = (
  bytes: Buffer,
  request: RequestBytes,
  fields: Int32Array,
  client: ClientLines,
  target: UpstreamTarget,
  out: number,
  limit: number,
) => number;

/** Of the upstreams of a route. */
export function createComposer(spec: UpstreamSpec): Composer {
  const { host, set_request_header, remove_request_header } = spec.options;
  const needsText = set_request_header.length > 0 || remove_request_header.length > 0;
  const keepsTarget = isTargetKept(spec);
  /** Of another host than the client's. */
  const hostLines = new Map(
    spec.targets.map((target) => {
      const text = host === 'upstream' ? authorityOf(target) : host;
      return [target, ascii(`host: ${text}\r\n`)];
    }),
  );

  function composeText(
    bytes: Buffer,
    request: RequestBytes,
    fields: Int32Array,
    client: ClientLines,
    upstream: UpstreamTarget,
    out: number,
    limit: number,
  ): number {
    const text = (from: number, length: number) => bytes.toString('latin1', from, from + length);
    const method = text(request.from, request.methodLength);
    const target = text(request.targetStart, request.targetLength);
    const context: RequestContext = {
      method,
      version: '1.1',
      target,
      upstream,
      peer: client.address,
      secure: false,
      trusted: client.trusted,
    };
    const raw = rawHeaders(bytes, request, fields);
    const sent = requestFields(spec, raw, context);
    let head = `${method} ${keepsTarget ? target : rewriteTarget(spec, target)} HTTP/1.1\r\n`;
    for (let i = 0; i < sent.length; i += 2)
      if (sent[i].toLowerCase() !== 'trailer') head += `${sent[i]}: ${sent[i + 1]}\r\n`;
    head += '\r\n';
    if (out + head.length + request.contentLength > limit) return -1;
    return out + bytes.write(head, out, 'latin1');
  }

  /** Writes the head, from `out` on. */
  function composeHead(
    bytes: Buffer,
    request: RequestBytes,
    fields: Int32Array,
    client: ClientLines,
    upstream: UpstreamTarget,
    out: number,
    limit: number,
  ): number {
    const { from, targetStart, targetLength, fieldCount, contentStart, contentLength } = request;
    if (needsText || client.trusted) return composeText(bytes, request, fields, client, upstream, out, limit);
    const hostLine = host === 'keep' ? nothing : hostLines.get(upstream)!;
    // Room for what is moved; what is added is counted when it is known.
    if (out + (contentStart - from) + hostLine.length > limit) return -1;
    let at = out;
    const lineEnd = targetStart + targetLength + version.length;
    if (keepsTarget) {
      move(bytes, at, from, lineEnd);
      at += lineEnd - from;
    } else {
      const target = rewriteTarget(spec, bytes.toString('latin1', targetStart, targetStart + targetLength));
      if (at + (contentStart - from) + hostLine.length + target.length > limit) return -1;
      move(bytes, at, from, targetStart);
      at += targetStart - from;
      at += bytes.write(target, at, 'latin1');
      at = put(bytes, at, version);
    }
    at = put(bytes, at, hostLine);
    let hostStart = 0;
    let hostLength = 0;
    let kept = lineEnd; // what is kept and not yet moved begins here
    for (let i = 0; i < fieldCount; i++) {
      const name = fields[4 * i];
      const fate = fateOf(bytes, name, fields[4 * i + 1]);
      if (fate === KEEP) continue;
      if (fate === HOST) {
        hostStart = fields[4 * i + 2];
        hostLength = fields[4 * i + 3];
        if (hostLength === 0) return composeText(bytes, request, fields, client, upstream, out, limit);
        if (host === 'keep') continue;
      } else if (fate === TEXT) {
        return composeText(bytes, request, fields, client, upstream, out, limit);
      }
      move(bytes, at, kept, name);
      at += name - kept;
      kept = i + 1 < fieldCount ? fields[4 * i + 4] : contentStart - 2;
    }
    if (at + (contentStart - kept) + client.before.length + 2 * hostLength + 64 + contentLength > limit)
      return -1;
    move(bytes, at, kept, contentStart - 2);
    at += contentStart - 2 - kept;
    at = put(bytes, at, client.before);
    move(bytes, at, hostStart, hostStart + hostLength);
    at = put(bytes, at + hostLength, afterHost);
    move(bytes, at, hostStart, hostStart + hostLength);
    return put(bytes, at + hostLength, end);
  }

  return (bytes, request, fields, client, target, out, limit) => {
    const { from, contentStart, contentLength } = request;
    const initial = bytes[from];
    if (initial === OPTIONS && hasField(maxForwards, bytes, request, fields)) return -1; // RFC 9110 7.6.2
    const at = composeHead(bytes, request, fields, client, target, out, limit);
    if (at < 0) return at;
    if (contentLength === 0) {
      if (initial !== POST || hasField(length, bytes, request, fields)) return at;
      return at + noLength.length > limit ? -1 : put(bytes, at - 2, noLength);
    }
    bytes.copyWithin(at, contentStart, contentStart + contentLength);
    return at + contentLength;
  };
}

function hasField(
  names: Names,
  bytes: Uint8Array,
  { fieldCount }: RequestBytes,
  fields: Int32Array,
): boolean {
  for (let i = 0; i < fieldCount; i++)
    if (hasName(names, bytes, fields[4 * i], fields[4 * i + 1])) return true;
  return false;
}

/** The fields as node:http has them. */
export function rawHeaders(bytes: Buffer, { fieldCount }: RequestBytes, fields: Int32Array): string[] {
  const raw: string[] = [];
  for (let i = 0; i < 4 * fieldCount; i += 2)
    raw.push(bytes.toString('latin1', fields[i], fields[i] + fields[i + 1]));
  return raw;
}
