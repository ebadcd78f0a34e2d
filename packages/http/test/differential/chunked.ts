// Bodies in chunks.
import fc from 'fast-check';
import { fields } from './fields.ts';
import { body, type Request, render, target } from './plain.ts';

const chunkSizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(4096, 65_536)), {
  minLength: 1,
  maxLength: 4,
});
const size = fc.constantFrom<(n: number) => string>(
  (n) => n.toString(16),
  (n) => n.toString(16).toUpperCase(),
  (n) => `000${n.toString(16)}`,
);

/** The body in chunks of these sizes, over and over. */
function chunked(
  body: string,
  sizes: number[],
  show: (n: number) => string,
  extension: string,
  trailers: string,
) {
  let text = '';
  for (let at = 0, i = 0; at < body.length; i++) {
    // Not too many of them.
    const piece = body.slice(at, at + (i < 100 ? sizes[i % sizes.length] : 65_536));
    text += `${show(piece.length)}${extension}\r\n${piece}\r\n`;
    at += piece.length;
  }
  return `${text}0${extension}\r\n${trailers}\r\n`;
}

const coded = fc.tuple(
  body,
  chunkSizes,
  size,
  fc.constantFrom('', '', ';a', ';a=b;c="d e"'),
  fc.constantFrom('', '', 'X-Trailer: a\r\n', 'Host: b\r\nContent-Length: 3\r\n'),
);
const coding = fc.constantFrom('Transfer-Encoding: chunked', 'transfer-encoding: Chunked');

export const chunkedRequest: fc.Arbitrary<Request> = fc
  .tuple(target, fields, coded, coding)
  .map(([target, fields, coded, coding]) => ({
    kind: 'odd',
    head: render('POST', target, '1.1', [...fields, coding]),
    body: chunked(...coded),
  }));
