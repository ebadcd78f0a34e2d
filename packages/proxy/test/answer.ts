// An upstream's answer in bytes: parsed, edited, and its body taken out.
import {
  beginChunked,
  type Chunked,
  createNames,
  editResponse,
  Framing,
  isChunkedDone,
  parseResponse,
  passChunked,
  type ResponseHead,
  ResponseParsed,
} from '../src/index.ts';

/** Somewhere, so that offsets aren't from 0. */
const AT = 5000;

export interface ParsedHead extends ResponseHead {
  parsed: number;
  /** The head with its blank line is so long. */
  length: number;
}

const emptyHead = (): ResponseHead => ({
  status: -7,
  contentStart: -7,
  framing: -7,
  contentLength: -7,
  keep: true,
  keepFor: -7,
  hasDate: true,
});

function place(text: string): Buffer {
  const bytes = Buffer.alloc(AT + text.length + 100, 0x0a); // what is after it would end a line
  bytes.write(text, AT, 'latin1');
  return bytes;
}

/** Parses the first `length` bytes of the text. */
export function parse(text: string, headOnly = false, length: number = text.length): ParsedHead {
  const head = emptyHead();
  const parsed = parseResponse(place(text), AT, AT + length, headOnly, head);
  return { ...head, parsed, length: head.contentStart - AT };
}

/** The head of the text as the client has it; throws when it is none. */
export function edit(text: string, dropped: readonly string[] = [], added: readonly string[] = []): string {
  const bytes = place(text);
  const head = emptyHead();
  if (parseResponse(bytes, AT, AT + text.length, false, head) !== ResponseParsed.complete)
    throw new Error('no head');
  const lines = Buffer.from(added.map((line) => `${line}\r\n`).join(''), 'latin1');
  const after = bytes.toString('latin1', head.contentStart);
  const start = editResponse(bytes, AT, head, createNames(dropped), lines);
  if (bytes.toString('latin1', head.contentStart) !== after) throw new Error('what is after it has changed');
  return bytes.toString('latin1', start, head.contentStart);
}

/** The body of an answer that is at the start of the text, and how much of the text is the answer; null: it isn't whole, or malformed. */
export function bodyOf(text: string, head: ParsedHead): { body: string; end: number } | null {
  const rest = text.slice(head.length);
  const first = (length: number) => ({ body: rest.slice(0, length), end: head.length + length });
  switch (head.framing) {
    case Framing.none:
      return first(0);
    case Framing.length:
      return rest.length < head.contentLength ? null : first(head.contentLength);
    case Framing.close:
      return first(rest.length);
  }
  const chunked: Chunked = { expects: 0, digits: 0, left: 0, overhead: 0, data: 0 };
  beginChunked(chunked);
  const bytes = Buffer.from(rest, 'latin1');
  let body = '';
  let at = 0;
  for (; at < bytes.length && !isChunkedDone(chunked); at++) {
    const before = chunked.data;
    if (passChunked(chunked, bytes, at, at + 1) < 0) return null;
    if (chunked.data > before) body += rest[at];
  }
  return isChunkedDone(chunked) && chunked.data === body.length ? { body, end: head.length + at } : null;
}
