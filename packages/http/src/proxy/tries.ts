// The backends that a request is tried at, one after the other, until one answers.
import {
  type Answer,
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
  let left = spec.options.retries;
  let stale = 0;
  for (;;) {
    const backend = group.begin(hash, tried);
    if (!backend)
      return failure ?? { status: 503, why: 'no backend can be asked', retryAfter: group.retryAfter };
    const answer = await tryOne(passage, backend);
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
    if (answer.kind !== 'failed') {
      group.answered(backend);
      return { backend, answer };
    }
    passage.body.stop();
    const { status, why, sent } = answer;
    failure = { status, why };
    // A connection of before that was closed says nothing about the backend, and costs none of the tries.
    const isFree = sent === 'stale' && stale++ === 0;
    group.end(backend, sent === 'stale' ? 'unknown' : 'failed', why);
    // Its time is up: head_timeout is the request's, not the try's.
    if (!mayRepeat(passage, sent) || (status === 504 && sent !== 'nothing')) left = 0;
    else if (isFree) continue;
    passage.onFault(tell(passage, backend, why));
    if (left-- <= 0) return failure;
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

async function tryOne(passage: Passage, backend: Backend): Promise<Answer> {
  const { req, spec, group, body } = passage;
  const { target } = backend;
  const { connect_timeout: connectTimeout, head_timeout: headTimeout } = spec.options;
  passage.current = null;
  let address = '';
  try {
    if (target.socket === null) {
      if (backend.addresses.length === 0) await backend.resolve();
      address = nextAddress(backend);
    }
    if (passage.givenUp) return failed('it was given up');
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
      onInterim: passage.onInterim,
    });
  } catch (error) {
    return failed(whyFailed(error));
  }
  body.sendTo(passage.current);
  const answer = await passage.current.answer;
  if (answer.kind === 'failed' && answer.sent === 'nothing' && address !== '') avoidAddress(backend, address);
  return answer;
}

const failed = (why: string): Answer => ({ kind: 'failed', status: 502, why, sent: 'nothing' });
