// All that a client may do on one connection.
import fc from 'fast-check';
import { malformed, SENTINEL, truncated } from './malformed.ts';
import { oddRequest } from './odd.ts';
import { type Cuts, cuts, packets } from './packets.ts';
import { isClosing, plain, type Request, render } from './plain.ts';
import { GATE, type Script, type Step } from './script.ts';

const some = (max: number, min = 0) => ({ minLength: min, maxLength: max });
const mixed = fc.oneof({ weight: 3, arbitrary: plain }, { weight: 1, arbitrary: oddRequest });
/** Answered only when the client has ended its side, and the server knows. */
const gated: Request = {
  kind: 'odd',
  head: render('GET', '/gate', '1.1', ['Host: a', `X-Gate: ${GATE}`]),
  body: '',
};
const ending = (how: 'probe' | 'malformed' | 'half') => fc.constant(how);

/** probe: it ought to be open. half: the client ends its side with its last byte. */
const shape = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.array(plain, some(12, 1)), fc.constant([]), ending('probe')) },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.array(plain, some(5)), fc.array(mixed, some(6, 1)), ending('probe')),
  },
  { weight: 3, arbitrary: fc.tuple(fc.array(mixed, some(5)), malformed.map(one), ending('malformed')) },
  { weight: 1, arbitrary: fc.tuple(fc.array(mixed, some(5)), truncated.map(one), ending('half')) },
  { weight: 1, arbitrary: fc.tuple(fc.array(plain, some(3)), fc.constant([gated]), ending('half')) },
);

function one<T>(value: T): T[] {
  return [value];
}

export const connection: fc.Arbitrary<Script> = fc
  .record({
    shape,
    /** After which requests the client waits for the answer. */
    waits: fc.oneof(
      fc.constant<boolean[]>([]),
      fc.constant(Array<boolean>(12).fill(true)),
      fc.array(fc.boolean(), { maxLength: 12 }),
    ),
    cuts,
  })
  .map(({ shape: [first, then, end], waits, cuts }) => {
    const requests = [...first, ...then];
    return toScript(requests, end, waits, cuts);
  });

function toScript(
  requests: Request[],
  end: 'probe' | 'malformed' | 'half',
  waits: boolean[],
  cuts: Cuts,
): Script {
  const steps: Step[] = [];
  let text = '';
  let interims = 0;
  const flush = () => {
    if (text) steps.push(...packets(text, cuts));
    text = '';
  };
  for (const [i, request] of requests.entries()) {
    text += request.head;
    if (request.waits) {
      flush();
      interims += 1;
      steps.push({ interims, answers: i + 1 });
    }
    text += request.body;
    if (request.kind === 'malformed' || (end === 'half' && i === requests.length - 1)) break;
    if (waits[i]) {
      flush();
      steps.push({ answers: i + 1 });
    }
  }
  if (end === 'malformed') text += SENTINEL;
  flush();
  if (end === 'malformed') steps.push({ closed: true });
  if (end === 'half') steps.push({ half: true });
  if (end === 'probe') steps.push({ answers: requests.length }, ...probe(requests.length));
  const odd = requests.findIndex(({ kind }) => kind !== 'plain');
  const closing = requests.findIndex(isClosing);
  const ends = [odd, closing < 0 ? -1 : closing + 1].filter((at) => at >= 0);
  const malformedAt = requests.findIndex(({ kind }) => kind === 'malformed');
  const plainCount = ends.length > 0 ? Math.min(...ends) : requests.length + 1;
  return {
    what: requests
      .map(
        ({ kind, head }) =>
          `${kind} ${head
            .trimStart()
            .split(/[\r\n]/, 1)[0]
            .slice(0, 20)}`,
      )
      .join(', '),
    steps,
    heads: requests.flatMap(({ head }, i) => (/^(?:\r\n)*HEAD /.test(head) ? [i] : [])),
    plain: plainCount,
    valid: malformedAt < 0 ? requests.length + 1 : malformedAt,
    stays: odd < 0,
  };
}

/** Is the connection as good as before? */
export function probe(answers: number): Step[] {
  return [
    { send: render('GET', '/describe?probe', '1.1', ['Host: a']) },
    { answers: answers + 1 },
    { half: true },
  ];
}
