// A request that is whole: its route, its library, its call. Inline it is answered when execute returns; otherwise the
// connection is in phase executor until onReturned.
import type { Executor, Generation } from '@flexilib/loader';
import { type Call, FlexilibError, monotonicNow, Outcome, type Runtime } from '@flexilib/native';
import type { BlockingWatch } from '../blocking.ts';
import { tellExpired, tellFailure } from '../failure.ts';
import { isFull } from '../held.ts';
import { learnPace } from '../pace.ts';
import { ownReply, type Reply } from '../reply.ts';
import { RETRY_AFTER } from '../result.ts';
import { hasRoom, isInline, type LibraryRoute } from '../routes.ts';
import type { Answers } from './answers.ts';
import { type Connection, Phase } from './connection.ts';
import type { Slabs } from './slabs.ts';
import type { Wheel } from './wheel.ts';

export interface ExecuteOptions {
  runtime: Runtime;
  maxQueue: number;
  onInline: BlockingWatch;
  onFault(path: string, text: string): void;
  slabs: Slabs;
  answers: Answers;
  wheel: Wheel;
  /** The executor of a connection in phase executor has returned or can't be called: its answer has been added. */
  onReturned(connection: Connection): void;
  /** Whether no answer can follow the one that is about to be made, though the client didn't ask for that. */
  isLast(connection: Connection): boolean;
  /** The server itself has failed: the connection is to be cut. */
  onError(connection: Connection, error: unknown): void;
}

export interface Execute {
  /**
   * Answers the request that is at connection.from; `call` has its head. True: the answer has been added. False: the
   * call is taken, and onReturned follows.
   */
  run(connection: Connection, call: Call, route: LibraryRoute): boolean;
  /** Adds an answer of the server's own. retryAfter: of a 503, in seconds. */
  answer(
    connection: Connection,
    status: number,
    decided: number,
    call?: Call | null,
    retryAfter?: number,
  ): void;
  isHead(connection: Connection): boolean;
  /** Adds an answer that is no executor's. */
  reply(connection: Connection, reply: Reply, decided: number): void;
  /**
   * Adds the answer that the executor takes too long, and tells the operator. where: what Runtime.abandon gave; null: it
   * has returned.
   */
  expire(connection: Connection, where: Promise<string | null> | null): void;
}

export function createExecute(options: ExecuteOptions): Execute {
  const { runtime, slabs, answers, wheel, onInline, onFault } = options;

  function answer(
    connection: Connection,
    status: number,
    decided: number,
    call: Call | null = null,
    retryAfter: number = RETRY_AFTER,
  ): void {
    const own = ownReply(status, isHead(connection), status === 503 ? retryAfter : 0);
    reply(connection, own, decided, call);
  }

  const isHead = ({ from, methodLength }: Connection): boolean =>
    methodLength === 4 && slabs.bytes[from] === 0x48;

  function reply(connection: Connection, own: Reply, decided: number, call: Call | null = null): void {
    connection.last = connection.close || options.isLast(connection);
    answers.addOwn(connection, own, connection.last, decided, call);
  }

  const describe = ({ from, methodLength, targetLength }: Connection): string =>
    slabs.bytes.toString('latin1', from, from + methodLength + 1 + targetLength);

  /** Adds the answer of a call that has returned. True: the call is kept until it is sent. */
  function conclude(connection: Connection, call: Call, executor: Executor, generation: Generation): boolean {
    if (call.outcome === Outcome.ok) return answers.addCall(connection, call);
    const { status } = tellFailure(call, executor, generation, describe(connection), onFault);
    answer(connection, status, call.returned, call);
    return false;
  }

  function runInline(
    connection: Connection,
    call: Call,
    route: LibraryRoute,
    generation: Generation,
  ): boolean {
    const { executor } = route;
    connection.last = connection.close || options.isLast(connection);
    call.setAnswer(answers.address, answers.room, connection.last);
    runtime.invoke(call, generation.library, connection.begun + route.timeout);
    onInline(executor.path, call.returned - call.started, call.returned);
    wheel.touch(call.returned);
    const kept = conclude(connection, call, executor, generation);
    generation.release();
    if (!kept) runtime.releaseCall(call);
    return true;
  }

  /** Runs, or queues, the call whose generation is known. */
  function start(connection: Connection, call: Call, route: LibraryRoute, generation: Generation): boolean {
    connection.begun = monotonicNow();
    wheel.touch(connection.begun);
    if (isInline(route, generation)) return runInline(connection, call, route, generation);
    if (!hasRoom(route, runtime, options.maxQueue)) {
      generation.release();
      runtime.releaseCall(call);
      answer(connection, 503, connection.begun);
      return true;
    }
    take(connection, call, route);
    connection.generation = generation;
    call.setAnswer(0, 0, connection.close);
    wheel.set(connection, route.timeout);
    const deadline = connection.begun + route.timeout;
    route.calls += 1;
    runtime.submit(call, generation.library, deadline, route.pace.slow, onCallReturned);
    return false;
  }

  function take(connection: Connection, call: Call, route: LibraryRoute): void {
    call.owner = connection;
    connection.call = call;
    connection.route = route;
    connection.phase = Phase.executor;
    wheel.clear(connection);
  }

  function onCallReturned(call: Call): void {
    const connection = call.owner as Connection;
    try {
      finish(connection, call);
    } catch (error) {
      options.onError(connection, error);
    }
  }

  function finish(connection: Connection, call: Call): void {
    const { executor, pace, timeout } = connection.route!;
    connection.route!.calls -= 1;
    if (call.outcome !== Outcome.late) learnPace(pace, call.returned - call.started);
    const generation = connection.generation!;
    connection.call = null;
    if (connection.fd < 0) {
      // A crash is told even if nobody waits for it any more: it concerns the whole process.
      if (call.outcome === Outcome.crashed)
        tellFailure(call, executor, generation, describe(connection), onFault);
      release(connection, call, generation);
      return;
    }
    wheel.touch(monotonicNow());
    wheel.clear(connection);
    const late = call.returned > connection.begun + timeout && call.outcome !== Outcome.crashed;
    let kept = false;
    try {
      if (late)
        expire(connection, null); // the wheel is coarse, and would have come next
      else kept = concludePooled(connection, call, executor, generation);
    } finally {
      connection.generation = null;
      generation.release();
      if (!kept) runtime.releaseCall(call);
    }
    options.onReturned(connection);
  }

  function concludePooled(
    connection: Connection,
    call: Call,
    executor: Executor,
    generation: Generation,
  ): boolean {
    connection.last = connection.close || options.isLast(connection);
    if (connection.last && call.outcome === Outcome.ok) call.end();
    return conclude(connection, call, executor, generation);
  }

  function expire(connection: Connection, where: Promise<string | null> | null): void {
    const { route, generation } = connection;
    const { executor, timeout } = route!;
    const request = describe(connection);
    connection.told = tellExpired(where, timeout, executor, generation!, request, onFault);
    answer(connection, 504, monotonicNow());
  }

  function release(connection: Connection, call: Call, generation: Generation | null): void {
    slabs.give(connection.slab, Math.max(connection.filled, connection.to - connection.slab));
    connection.slab = -1;
    connection.generation = null;
    if (connection.told) connection.told.then(() => generation!.release());
    else generation?.release();
    runtime.releaseCall(call);
  }

  /** The library isn't there yet, or is out. */
  async function load(connection: Connection, call: Call, route: LibraryRoute): Promise<void> {
    let generation: Generation | null = null;
    try {
      generation = await route.executor.acquire();
    } catch (error) {
      // The loader has told why.
      if (!(error instanceof FlexilibError)) onFault(route.executor.path, String(error));
    }
    connection.call = null;
    wheel.touch(monotonicNow());
    if (connection.fd < 0) {
      release(connection, call, generation);
      return;
    }
    if (generation) {
      if (start(connection, call, route, generation)) options.onReturned(connection);
      return;
    }
    runtime.releaseCall(call);
    answer(connection, 503, monotonicNow(), null, route.executor.retryAfter);
    options.onReturned(connection);
  }

  return {
    run(connection, call, route) {
      if (isFull()) {
        runtime.releaseCall(call);
        connection.begun = monotonicNow();
        answer(connection, 503, connection.begun);
        return true;
      }
      // A library that takes the target for a C string must not read on.
      slabs.bytes[connection.targetStart + connection.targetLength] = 0;
      const { current } = route.executor;
      if (current !== null) {
        current.retain();
        return start(connection, call, route, current);
      }
      connection.begun = monotonicNow();
      take(connection, call, route);
      load(connection, call, route).catch((error) => options.onError(connection, error));
      return false;
    },
    answer,
    isHead,
    reply,
    expire,
  };
}
