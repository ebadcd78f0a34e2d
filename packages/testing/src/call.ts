// One call of a library: until it returns, or its time is over.
import { Buffer } from 'node:buffer';
import { readdirSync, readFileSync } from 'node:fs';
import type { Generation } from '@flexilib/loader';
import {
  type Call,
  complaintText,
  type ErrorCode,
  FlexilibError,
  interruptThread,
  monotonicNow,
  Outcome,
  type Runtime,
  reportOf,
} from '@flexilib/native';
import type { Asked } from './request.ts';

/** A call that is stopped by force has left within this time, or won't. */
const STOP_MS = 300;

export interface Calling {
  runtime: Runtime;
  generation: Generation;
  path: string;
  /** Milliseconds. */
  timeout: number;
  /** Whether a call may be stopped by force, which may end the process. */
  ours: boolean;
}

export interface Answer {
  status: number;
  reason: string;
  fields: [name: string, value: string][];
  body: Uint8Array;
  /** Bytes that were asked of the arena. */
  allocated: number;
  /** Milliseconds inside the library. */
  time: number;
}

/** Makes the call on the pool. Rejects with FL_CALL_CRASHED, FL_CALL_TIMEOUT and FL_CALL_ANSWER. */
export async function callLibrary(calling: Calling, asked: Asked): Promise<Answer> {
  const { runtime, generation } = calling;
  const call = runtime.acquireCall();
  generation.retain();
  write(call, asked);
  const state = await run(calling, call);
  if (state === 'inside') throw tooLate(calling, asked, '');
  try {
    if (state === 'late') throw tooLate(calling, asked, await placeOf(call, generation));
    if (call.outcome !== Outcome.ok) throw await failureOf(calling, asked, call);
    return answerOf(call);
  } finally {
    runtime.releaseCall(call);
    generation.release();
  }
}

/** What a call means that has returned and has no answer. */
export async function failureOf(calling: Calling, asked: Asked, call: Call): Promise<FlexilibError> {
  const { generation } = calling;
  switch (call.outcome) {
    case Outcome.crashed:
      return failure(
        calling,
        asked,
        'FL_CALL_CRASHED',
        `crashed: ${await reportOf(call.head, generation.hash)}`,
      );
    case Outcome.late:
      return tooLate(calling, asked, await placeOf(call, generation));
    case Outcome.badResponse:
      return failure(
        calling,
        asked,
        'FL_CALL_ANSWER',
        `its response was refused: ${complaintText(call.complaint)}`,
      );
    default:
      return failure(calling, asked, 'FL_CALL_ANSWER', 'handle_request returned NULL');
  }
}

function failure({ path }: Calling, { method, target }: Asked, code: ErrorCode, text: string): FlexilibError {
  return new FlexilibError(code, `${path}: ${method} ${target}: ${text}`, { path });
}

function tooLate(calling: Calling, asked: Asked, where: string): FlexilibError {
  return failure(calling, asked, 'FL_CALL_TIMEOUT', `no answer within ${calling.timeout} ms${where}`);
}

/** What the library answered, copied. */
function answerOf(call: Call): Answer {
  return {
    status: call.status,
    reason: call.reason,
    fields: call.head
      .split('\r\n')
      .slice(0, -1)
      .map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon), line.slice(colon + 2)];
      }),
    body: call.copyBody(),
    allocated: call.alloc,
    time: call.returned - call.started,
  };
}

/** Writes the request into the call. Until it has returned the body stays as it is. */
export function write(call: Call, { method, target, fields, body }: Asked): void {
  const bytes = call.ownBytes();
  let at = 0;
  const put = (text: string): [at: number, length: number] => {
    const length = bytes.write(text, at, 'latin1');
    at += length;
    return [at - length, length];
  };
  for (const [i, [name, value]] of fields.entries()) call.fields.set([...put(name), ...put(value)], 4 * i);
  const [methodAt, methodLength] = put(method);
  const [targetAt, targetLength] = put(target);
  bytes[at] = 0; // a library that takes the target for a C string must not read on into an earlier request
  call.setAnswer(0, 0, false);
  call.setHead(methodAt, methodLength, targetAt, targetLength, fields.length);
  call.content = Buffer.from(body.buffer, body.byteOffset, body.length);
}

/** inside: its time is over and it hasn't returned; it is released here when it does. */
function run(
  { runtime, generation, timeout, ours }: Calling,
  call: Call,
): Promise<'returned' | 'late' | 'inside'> {
  return new Promise((resolve) => {
    const deadline = monotonicNow() + timeout;
    let late = false;
    let left = false;
    const leave = () => {
      left = true;
      resolve('inside');
    };
    let timer = setTimeout(() => {
      late = true;
      if (!ours) runtime.abandon(call);
      if (ours && stop(runtime)) timer = setTimeout(leave, STOP_MS);
      else leave();
    }, timeout);
    runtime.submit(call, generation.library, deadline, false, () => {
      clearTimeout(timer);
      if (left) {
        runtime.releaseCall(call);
        generation.release();
        return;
      }
      late ||= call.returned > deadline && call.outcome !== Outcome.crashed;
      resolve(late ? 'late' : 'returned');
    });
  });
}

/** Makes the call that is under way a crash, which tells where it is. Of several it isn't known which is whose. */
function stop(runtime: Runtime): boolean {
  if (runtime.threads > 1) return false;
  const tasks = '/proc/self/task';
  const thread = readdirSync(tasks).find(
    (task) => readFileSync(`${tasks}/${task}/comm`, 'latin1') === 'executor-0\n',
  );
  return thread !== undefined && interruptThread(Number(thread));
}

/** Where a call was that was stopped; nothing if it returned by itself. */
async function placeOf(call: Call, { hash }: Generation): Promise<string> {
  if (call.outcome !== Outcome.crashed && call.outcome !== Outcome.late) return '';
  const report = await reportOf(call.head, hash);
  return `; it was stopped${report.replace(/^(SIGABRT|stopped)/, '')}`;
}
