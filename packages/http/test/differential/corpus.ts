// The connections that are always the same: what once differed, what is malformed, what is odd.
import { probe } from './connection.ts';
import found from './corpus/found.json' with { type: 'json' };
import malformed from './corpus/malformed.json' with { type: 'json' };
import odd from './corpus/odd.json' with { type: 'json' };
import { SENTINEL } from './malformed.ts';
import { render } from './plain.ts';
import { type Data, expand, type Script } from './script.ts';

/** A request that every door answers. */
export const plain: string = render('GET', '/describe', '1.1', ['Host: a']);
const isHead = (text: string) => /^(?:\r\n)*HEAD /.test(text);

export const corpus: Script[] = [
  ...(found as Script[]),
  ...(malformed as [string, Data][]).map(
    ([what, bytes]): Script => ({
      what,
      steps: [{ send: plain }, { answers: 1 }, { send: bytes }, { send: SENTINEL }, { closed: true }],
      plain: 1,
    }),
  ),
  ...(odd as [string, Data][]).map(
    ([what, bytes]): Script => ({
      what,
      steps: [{ send: plain }, { answers: 1 }, { send: bytes }, { answers: 2 }, ...probe(2)],
      heads: isHead(expand(bytes)) ? [1] : [],
      plain: 1,
    }),
  ),
];
