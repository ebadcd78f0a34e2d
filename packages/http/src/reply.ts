import { Buffer } from 'node:buffer';
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';

/** What goes out. Both doors answer alike: status line, fields, content-length, date, connection when needed. */
export interface Reply {
  status: number;
  /** Empty: the usual phrase. */
  reason: string;
  /** Lines «name: value CRLF», content-length included. */
  head: string;
  body: Buffer;
}

/** An answer of the server's own: the reason phrase and a newline. */
export function ownReply(status: number, headOnly: boolean, retryAfter = 0): Reply {
  const text = Buffer.from(`${STATUS_CODES[status]}\n`);
  const retry = retryAfter > 0 ? `retry-after: ${retryAfter}\r\n` : '';
  const head = `${retry}content-type: text/plain\r\ncontent-length: ${text.length}\r\n`;
  return { status, reason: '', head, body: headOnly ? Buffer.alloc(0) : text };
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

/** The head of a connection's last reply. */
export function lastHead({ status, reason, head }: Reply): Buffer {
  const text = `HTTP/1.1 ${status} ${phrase(status, reason)}\r\n${head}date: ${date()}\r\nconnection: close\r\n\r\n`;
  return Buffer.from(text, 'latin1');
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
  res.writeHead(reply.status, phrase(reply.status, reply.reason), fields);
}

function phrase(status: number, reason: string): string {
  return reason || STATUS_CODES[status] || 'Unknown';
}
