import { Buffer } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** What goes out. Both doors answer alike: status line, fields, content-length, date, connection when needed. */
export interface Reply {
  status: number;
  reason: string;
  /** Lines «name: value CRLF», content-length included. */
  head: string;
  body: Buffer;
}

/** Those of the server's own answers; the others are looked up where node:http has them, which costs a megabyte. */
const phrases: Readonly<Record<number, string>> = {
  200: 'OK',
  204: 'No Content',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  410: 'Gone',
  413: 'Payload Too Large',
  414: 'URI Too Long',
  417: 'Expectation Failed',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

const nothing = Buffer.alloc(0);

/** The reason phrase of any status; empty when it has none. */
function phraseOf(status: number): string {
  return phrases[status] ?? process.getBuiltinModule('node:http').STATUS_CODES[status] ?? '';
}

/** An answer of the server's own: the reason phrase and a newline. */
export function ownReply(status: number, headOnly: boolean, retryAfter = 0): Reply {
  return textReply(status, headOnly, retryAfter > 0 ? `retry-after: ${retryAfter}\r\n` : '');
}

/** An answer with a text, or the reason phrase (without one, the status) and a newline. fields: lines «name: value CRLF» that it has as well. */
export function textReply(status: number, headOnly: boolean, fields: string, text?: string): Reply {
  const reason = phraseOf(status);
  if (status === 204 || status === 304) return { status, reason, head: fields, body: nothing };
  // RFC 9110 15.3.6: a 205 has no content either, but says so.
  const body = status === 205 ? nothing : Buffer.from(text ?? `${reason || status}\n`);
  const charset = text === undefined ? '' : '; charset=utf-8';
  const type = body === nothing ? '' : `content-type: text/plain${charset}\r\n`;
  const head = `${fields}${type}content-length: ${body.length}\r\n`;
  return { status, reason, head, body: headOnly ? nothing : body };
}

let dateSecond = 0;
let dateText = '';

/** RFC 9110 6.6.1, made once a second. */
export function date(): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = new Date(second * 1000).toUTCString();
  }
  return dateText;
}

/** The head of a reply as it goes out, as Latin-1. last: it is the connection's last one. */
export function replyHead({ status, reason, head }: Reply, last: boolean): string {
  const close = last ? 'connection: close\r\n' : '';
  return `HTTP/1.1 ${status} ${reason}\r\n${head}date: ${date()}\r\n${close}\r\n`;
}

/** Hands the head to node:http, which then adds nothing of its own. */
export function writeReplyHead(req: IncomingMessage, res: ServerResponse, reply: Reply): void {
  const fields: string[] = [];
  for (const line of reply.head.split('\r\n')) {
    if (line === '') break;
    const colon = line.indexOf(':');
    fields.push(line.slice(0, colon), line.slice(colon + 2));
  }
  fields.push('date', date());
  if (req.httpVersion === '1.0') fields.push('connection', 'keep-alive');
  for (const name of ['connection', 'content-length', 'transfer-encoding']) res.removeHeader(name);
  res.writeHead(reply.status, reply.reason, fields);
}
