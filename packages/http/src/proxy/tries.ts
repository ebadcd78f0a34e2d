// The backends that a request is tried at, one after the other, until one answers.
import {
  type Answer,
  type Attempt,
  agentOf,
  attempt,
  avoidAddress,
  type Backend,
  inOneLine,
  isIdempotent,
  nextAddress,
  type Sent,
  whyFailed,
} from '@flexilib/proxy';
import type { Passage } from './passage.ts';

export interface Winner {
  backend: Backend;
  answer: Exclude<Answer, { kind: 'failed' }>;
}

/** Our own client refuses it, or a file of TLS can't be read: no backend is to blame, and any other try would end so. */
interface Unsendable {
  kind: 'unsendable';
  why: string;
}

export interface Failure {
  /** null: the client has gone. */
  status: number | null;
  why: string;
  /** Seconds, of a 503. */
  retryAfter?: number;
}

/** The winner's backend counts as active: end it. Never rejects. */
export async function tryBackends(passage: Passage): Promise<Winner | Failure> {
  const { spec, group, hash } = passage;
  const tried: Backend[] = [];
  let failure: Failure | null = null;
  /** Of the last failure. A request has one line, however many tries: a dead backend would fill the log. */
  let line = '';
  const { head_timeout: headTimeout } = spec.options;
  /** head_timeout is the request's, not the try's, and counts from here, or from what of the body came last. */
  let since = performance.now();
  let left = spec.options.retries;
  let stale = 0;
  for (;;) {
    const backend = group.begin(hash, tried);
    if (!backend) {
      if (failure) passage.onFault(line);
      return failure ?? { status: 503, why: 'no backend can be asked', retryAfter: group.retryAfter };
    }
    const answer = await tryOne(passage, backend, since + headTimeout);
    since = Math.max(since, passage.current?.progressed ?? 0);
    if (passage.givenUp) {
      // An answer may have come in the same moment.
      if (answer.kind === 'switched') answer.socket.destroy();
      passage.current?.abort();
      const { status, why } = passage.givenUp;
      const isLate = status === 504;
      group.end(backend, isLate ? 'failed' : 'unknown', why);
      if (isLate) passage.onFault(tell(passage, backend, why));
      return passage.givenUp;
    }
    if (answer.kind === 'unsendable') {
      passage.body.stop();
      group.end(backend, 'unknown', answer.why);
      passage.onFault(tell(passage, backend, answer.why));
      return { status: 502, why: answer.why };
    }
    if (answer.kind !== 'failed') {
      group.answered(backend);
      return { backend, answer };
    }
    passage.body.stop();
    const { status, why, sent } = answer;
    failure = { status, why };
    line = tell(passage, backend, why);
    // A connection of before that was closed says nothing about the backend, and costs none of the tries.
    const isFree = sent === 'stale' && stale++ === 0;
    group.end(backend, sent === 'stale' ? 'unknown' : 'failed', why);
    const isLate = (status === 504 && sent !== 'nothing') || performance.now() >= since + headTimeout;
    if (isLate || !mayRepeat(passage, sent)) left = 0;
    else if (isFree) continue;
    if (left-- <= 0) {
      passage.onFault(line);
      return failure;
    }
    tried.push(backend);
  }
}

/** The line about a failed try. */
const tell = ({ req, target }: Passage, { name }: Backend, why: string): string =>
  `${name}: ${why}, for ${inOneLine(`${req.method} ${target}`)}`;

function mayRepeat({ req, body, hasInterim }: Passage, sent: Sent): boolean {
  if (hasInterim || !body.canRepeat || sent === 'answered') return false;
  return sent === 'nothing' || isIdempotent(req.method!);
}

/** deadline: of the head, of performance.now(). */
async function tryOne(passage: Passage, backend: Backend, deadline: number): Promise<Answer | Unsendable> {
  const { req, spec, group, body } = passage;
  const { target } = backend;
  const { connect_timeout: connectTimeout, head_timeout: headTimeout } = spec.options;
  passage.current = null;
  let address = '';
  if (target.socket === null) {
    try {
      if (backend.addresses.length === 0 && !(await resolved(backend, deadline)))
        return failed(504, 'its name was not resolved in time');
      address = nextAddress(backend);
    } catch (error) {
      return failed(502, whyFailed(error));
    }
  }
  if (passage.givenUp) return failed(502, 'it was given up');
  try {
    passage.current = attempt({
      agent: agentOf(group, spec, target),
      target,
      address,
      method: req.method!,
      path: passage.target,
      fields: passage.fieldsFor(target),
      isUpgrade: passage.isUpgrade,
      connectTimeout,
      headTimeout,
      headLeft: deadline - performance.now(),
      onInterim: passage.onInterim,
    });
    body.sendTo(passage.current);
  } catch (error) {
    (passage.current as Attempt | null)?.abort();
    return { kind: 'unsendable', why: whyFailed(error) };
  }
  const answer = await passage.current.answer;
  if (answer.kind === 'failed' && answer.sent === 'nothing' && address !== '') avoidAddress(backend, address);
  return answer;
}

const failed = (status: 502 | 504, why: string): Answer => ({ kind: 'failed', status, why, sent: 'nothing' });

/** Looks it up. False: not in time. Rejects as resolve. */
async function resolved(backend: Backend, deadline: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, deadline - performance.now(), false);
  });
  try {
    return await Promise.race([backend.resolve().then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
