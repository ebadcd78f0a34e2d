import { setTimeout as sleep } from 'node:timers/promises';
import { type Call, complaintText, type Library, monotonicNow, Outcome, type Runtime } from '../src/index.ts';

export type Where = 'pool' | 'inline';

export interface Request {
  method?: string;
  fields?: [name: string, value: string][];
  content?: string;
  /** Expected to take long. */
  slow?: boolean;
  /** Milliseconds that it may take; 5000. */
  timeout?: number;
  /** Gives it up after so many milliseconds, or then, as the server does at the deadline. */
  abandon?: number | Promise<unknown>;
  /** Told where it was then. */
  onPlace?(where: string | null): void;
}

export interface Answer {
  outcome: number;
  complaint: string;
  signal: string;
  status: number;
  reason: string;
  head: string;
  body: string;
  preAlloc: number;
  alloc: number;
}

function fill(call: Call, target: string, { method = 'GET', fields = [], content = '' }: Request): void {
  let at = 0;
  call.ownBytes();
  const put = (text: string): [number, number] => {
    const length = call.bytes.write(text, at, 'latin1');
    at += length;
    return [at - length, length];
  };
  const [methodAt, methodLength] = put(method);
  const [targetAt, targetLength] = put(target);
  for (const [i, [name, value]] of fields.entries()) call.fields.set([...put(name), ...put(value)], 4 * i);
  call.setHead(methodAt, methodLength, targetAt, targetLength, fields.length);
  call.content = Buffer.from(Uint8Array.from(Buffer.from(content)).buffer);
  call.setAnswer(0, 0, false);
}

const read = (call: Call): Answer => ({
  outcome: call.outcome,
  complaint: complaintText(call.complaint),
  signal: call.outcome === Outcome.crashed ? call.head : '',
  status: call.status,
  reason: call.reason,
  head: call.head,
  body: call.copyBody().toString('latin1'),
  preAlloc: call.preAlloc,
  alloc: call.alloc,
});

/** Calls the executor as the server does. */
export function askExecutor(
  { runtime, library, where }: { runtime: Runtime; library: Library; where: Where },
  target: string,
  request: Request = {},
): Promise<Answer> {
  const call = runtime.acquireCall();
  fill(call, target, request);
  const { timeout = 5000, abandon, onPlace } = request;
  const deadline = monotonicNow() + timeout;
  return new Promise((resolve) => {
    const done = () => {
      const answer = read(call);
      runtime.releaseCall(call);
      resolve(answer);
    };
    if (where === 'pool') {
      runtime.submit(call, library, deadline, request.slow ?? false, done);
      const when = typeof abandon === 'number' ? sleep(abandon) : abandon;
      when?.then(() => runtime.abandon(call)).then(onPlace);
    } else {
      runtime.invoke(call, library, deadline);
      done();
    }
  });
}
