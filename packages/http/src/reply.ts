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

/** Those of the server's own answers; an executor's come with its answer. */
const phrases: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Payload Too Large',
  414: 'URI Too Long',
  417: 'Expectation Failed',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

/** An answer of the server's own: the reason phrase and a newline. */
export function ownReply(status: number, headOnly: boolean, retryAfter = 0): Reply {
  const text = Buffer.from(`${phrases[status]}\n`);
  const retry = retryAfter > 0 ? `retry-after: ${retryAfter}\r\n` : '';
  const head = `${retry}content-type: text/plain\r\ncontent-length: ${text.length}\r\n`;
  return { status, reason: phrases[status], head, body: headOnly ? Buffer.alloc(0) : text };
}

let dateSecond = 0;
let dateText = '';

/** RFC 9110 6.6.1, made once a second. */
function date(): string {
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
