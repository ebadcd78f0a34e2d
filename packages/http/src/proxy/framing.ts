// How bodies are delimited on either side of the proxy (RFC 9112, 6): its own business, whatever fields say.
import type { IncomingMessage } from 'node:http';

/** Of these node:http's client thinks that they have no body unless fields say so. */
const WITHOUT_BODY = /^(?:GET|HEAD|DELETE|OPTIONS|TRACE)$/;
/** What a trailer may not say (RFC 9110, 6.5.1). */
const NOT_IN_TRAILERS =
  /^(?:content-length|transfer-encoding|host|connection|keep-alive|proxy-.*|te|trailer|upgrade|expect|set-cookie|authorization|content-encoding|content-type|content-range|forwarded|x-forwarded-.*)$/;

const framing = /^(?:content-length|transfer-encoding)$/i;
/** Of what has no trailer section: node:http refuses to announce one there. */
const framingWhole = /^(?:content-length|transfer-encoding|trailer)$/i;
/** The same where the length is told on, in its place. */
const framingKept = /^(?:transfer-encoding|trailer)$/i;

/** Fields without those of this name. */
export function without(fields: string[], pattern: RegExp): string[] {
  const kept: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    if (!pattern.test(fields[i])) kept.push(fields[i], fields[i + 1]);
  }
  return kept;
}

/** The fields of a request, framed as it came. size: of a body that is there as a whole; null: it comes piece by piece. */
export function frameRequest(req: IncomingMessage, fields: string[], size: number | null): string[] {
  const { 'content-length': length, 'transfer-encoding': coding } = req.headers;
  const framed = without(fields, coding !== undefined && size === null ? framing : framingWhole);
  if (size !== null && (size > 0 || length !== undefined || coding !== undefined))
    framed.push('content-length', length ?? String(size)); // as it was written
  else if (coding !== undefined) framed.push('transfer-encoding', 'chunked');
  else if (length !== undefined) framed.push('content-length', length);
  // node:http would send an empty chunked body.
  else if (!WITHOUT_BODY.test(req.method!)) framed.push('content-length', '0');
  return framed;
}

/** Whether an answer to this method has a body. */
export function answerHasBody(method: string, status: number): boolean {
  return method !== 'HEAD' && status !== 204 && status !== 304;
}

/** The length of an answer's body that the upstream has told; undefined: none, or none that may be told on. */
export function answerLength({ statusCode, headers }: IncomingMessage): string | undefined {
  if (statusCode === 204 || headers['transfer-encoding'] !== undefined) return undefined;
  return headers['content-length'];
}

/** The fields of an answer, framed for its client. last: it is the connection's last. */
export function frameAnswer(
  req: IncomingMessage,
  head: IncomingMessage,
  fields: string[],
  last: boolean,
): string[] {
  const length = answerLength(head);
  const isChunked =
    length === undefined && req.httpVersion !== '1.0' && answerHasBody(req.method!, head.statusCode!);
  const framed = without(fields, isChunked ? framing : length === undefined ? framingWhole : framingKept);
  if (last) framed.push('connection', 'close');
  else if (req.httpVersion === '1.0') framed.push('connection', 'keep-alive');
  return framed;
}

/** The fields of a trailer that may go on, as node:http takes them. */
export function trailerFields({ rawTrailers }: IncomingMessage): [name: string, value: string][] {
  const kept: [string, string][] = [];
  for (let i = 0; i < rawTrailers.length; i += 2) {
    if (!NOT_IN_TRAILERS.test(rawTrailers[i].toLowerCase())) kept.push([rawTrailers[i], rawTrailers[i + 1]]);
  }
  return kept;
}
