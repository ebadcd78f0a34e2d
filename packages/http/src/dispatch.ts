// The call itself: where it runs, until when, and what its outcome means to the client and to the operator.
import type { IncomingMessage } from 'node:http';
import type { Executor, Generation } from '@flexilib/loader';
import { type Call, monotonicNow, Outcome, type Runtime } from '@flexilib/native';
import type { BlockingWatch } from './blocking.ts';
import { tellExpired, tellFailure } from './failure.ts';
import { letGo } from './held.ts';
import { learnPace } from './pace.ts';
import { ownResult, type Result } from './result.ts';
import { hasRoom, isInline, type LibraryRoute } from './routes.ts';

export interface DispatchOptions {
  runtime: Runtime;
  maxQueue: number;
  onInline: BlockingWatch;
  onFault(path: string, text: string): void;
}

export interface Dispatch {
  /** False when as many calls wait for a thread, or are the route's, as may. */
  hasRoom(route: LibraryRoute, generation: Generation): boolean;
  /**
   * Calls the executor; the first of its return and the deadline decides. Releases the call, its content and the
   * generation when the executor has returned, however late.
   */
  run(call: Call, route: LibraryRoute, generation: Generation, req: IncomingMessage): Promise<Result>;
}

export function createDispatch({ runtime, maxQueue, onInline, onFault }: DispatchOptions): Dispatch {
  return {
    hasRoom: (route, generation) => isInline(route, generation) || hasRoom(route, runtime, maxQueue),
    run: (call, route, generation, req) =>
      new Promise((resolve, reject) => {
        const deadline = monotonicNow() + route.timeout;
        const { path } = route.executor;
        let told: Promise<string> | null = null; // of its deadline
        const finish = (late: boolean) => {
          try {
            // A crash is told even if nobody waits for it any more: it concerns the whole process.
            if (!late || call.outcome === Outcome.crashed)
              resolve(outcome(call, route.executor, generation, req));
          } catch (error) {
            reject(error); // no memory for the answer
          } finally {
            letGo(call.contentLength);
            runtime.releaseCall(call);
            if (told) told.then(() => generation.release());
            else generation.release();
          }
        };
        if (isInline(route, generation)) {
          runtime.invoke(call, generation.library, deadline);
          onInline(path, call.returned - call.started, call.returned);
          finish(false);
          return;
        }
        const expire = (where: Promise<string | null> | null) => {
          const request = `${req.method} ${req.url}`;
          told = tellExpired(where, route.timeout, route.executor, generation, request, onFault);
          resolve({ ...ownResult(504, req), story: told });
        };
        const timer = setTimeout(() => expire(runtime.abandon(call)), route.timeout);
        route.calls += 1;
        runtime.submit(call, generation.library, deadline, route.pace.slow, () => {
          route.calls -= 1;
          if (call.outcome !== Outcome.late) learnPace(route.pace, call.returned - call.started);
          clearTimeout(timer);
          // A busy loop may hear of the return before the timer.
          if (!told && call.returned > deadline && call.outcome !== Outcome.crashed) expire(null);
          finish(told !== null);
        });
      }),
  };

  function outcome(call: Call, executor: Executor, generation: Generation, req: IncomingMessage): Result {
    const { preAlloc, alloc, returned: decided } = call;
    if (call.outcome === Outcome.ok) {
      const reply = { status: call.status, reason: call.reason, head: call.head, body: call.copyBody() };
      const measured = {
        library: executor.path,
        generation: generation.number,
        took: decided - call.started,
        allocated: alloc,
        left: call.left,
      };
      return { reply, decided, preAlloc, alloc, close: false, measured };
    }
    const { status, story } = tellFailure(call, executor, generation, `${req.method} ${req.url}`, onFault);
    return { ...ownResult(status, req), decided, preAlloc, alloc, story };
  }
}
