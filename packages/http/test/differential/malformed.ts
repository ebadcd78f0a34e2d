// What is no request, or no whole one.
import fc from 'fast-check';
import { chunkedRequest } from './chunked.ts';
import listedRequests from './corpus/malformed.json' with { type: 'json' };
import { fields } from './fields.ts';
import { filler, plain, type Request, reading, render } from './plain.ts';
import { type Data, expand } from './script.ts';

/** Whatever state a parser is in, but within a body, it finds an error here. */
export const SENTINEL = '\r\n\r\n\0?\r\n\r\n';

const listed = fc
  .constantFrom(...(listedRequests as [what: string, bytes: Data][]))
  .map(([, bytes]): Request => ({ kind: 'malformed', head: expand(bytes), body: '' }));

/** No digits: a longer content-length would only make the server wait. */
const nasty = fc.constantFrom(
  ...'\0\x01\t\n\v\f\r "#,:;@[\\\x7f\x80\xff',
  '\r\n',
  '\r\n ',
  '\n\n',
  '  ',
  'x',
);
const change = fc.oneof(
  fc.tuple(fc.constant('insert'), nasty),
  fc.tuple(fc.constant('replace'), nasty),
  fc.tuple(fc.constant('delete'), fc.constant('')),
  fc.tuple(fc.constant('double'), fc.constant('')),
);

/** A valid request, wrong in one place, or by chance still valid. */
const changed = fc
  .tuple(
    fc.oneof(
      plain.filter(({ head }) => !head.startsWith('HEAD')),
      chunkedRequest,
    ),
    change,
    fc.double({ min: 0, max: 0.999, noNaN: true }),
    fc.boolean(),
  )
  .map(([{ head, body }, [how, what], where, inBody]): Request => {
    const text = inBody ? head + body : head;
    const at = Math.floor(where * (inBody ? text.length : head.length));
    const c = text[at];
    // Doubled digits would lengthen a body.
    const instead = { insert: c + what, replace: what, delete: '', double: /\d/.test(c) ? c : c + c }[how];
    const bytes = text.slice(0, at) + instead + text.slice(at + 1);
    return { kind: 'malformed', head: inBody ? bytes : bytes + body, body: '' };
  });

export const malformed: fc.Arbitrary<Request> = fc.oneof(listed, changed);

/** Ends too early, in its head or in a body that is read before it is answered. */
export const truncated: fc.Arbitrary<Request> = fc
  .tuple(
    reading,
    fields,
    fc.oneof(fc.constant(filler(50)), chunkedRequest),
    fc.double({ min: 0, max: 0.999, noNaN: true }),
  )
  .map(([target, fields, body, where]): Request => {
    const isChunked = typeof body !== 'string';
    const framing = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`;
    const text = render('POST', target, '1.1', [...fields, framing]) + (isChunked ? body.body : body);
    return { kind: 'malformed', head: text.slice(0, 1 + Math.floor(where * (text.length - 1))), body: '' };
  });
