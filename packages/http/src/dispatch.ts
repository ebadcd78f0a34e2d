// The call itself: where it runs, until when, and what its outcome means to the client and to the operator.
import type { IncomingMessage } from 'node:http';
import type { Generation } from '@flexilib/loader';
import { type Call, complaintText, monotonicNow, Outcome, type Runtime } from '@flexilib/native';
import { releaseBody } from './body.ts';
import { ownResult, type Result } from './result.ts';
import type { ServedRoute } from './routes.ts';

export interface DispatchOptions {
  runtime: Runtime;
  maxQueue: number;
  onFault(path: string, text: string): void;
}

export interface Dispatch {
  /** False when as many calls wait for a thread as may. */
  hasRoom(route: ServedRoute, generation: Generation): boolean;
  /**
   * Calls the executor; the first of its return and the deadline decides. Releases the call, its content and the
   * generation when the executor has returned, however late.
   */
  run(call: Call, route: ServedRoute, generation: Generation, req: IncomingMessage): Promise<Result>;
}

export function createDispatch({ runtime, maxQueue, onFault }: DispatchOptions): Dispatch {
  let pooled = 0;

  return {
    hasRoom: (route, generation) => isInline(route, generation) || pooled < runtime.threads + maxQueue,
    run: (call, route, generation, req) =>
      new Promise((resolve, reject) => {
        const deadline = monotonicNow() + route.timeout;
        const { path } = route.executor;
        const finish = (late: boolean) => {
          try {
            // A crash is told even if nobody waits for it any more: it concerns the whole process.
            if (!late || call.outcome === Outcome.crashed) resolve(outcome(call, path, generation, req));
          } catch (error) {
            reject(error); // no memory for the answer
          } finally {
            releaseBody(call.contentLength);
            runtime.releaseCall(call);
            generation.release();
          }
        };
        if (isInline(route, generation)) {
          runtime.invoke(call, generation.library, deadline);
          finish(false);
          return;
        }
        let late = false;
        const timer = setTimeout(() => {
          late = true;
          onFault(path, `${req.method} ${req.url}: no answer within ${route.timeout} ms`);
          resolve(ownResult(504, req));
        }, route.timeout);
        pooled += 1;
        runtime.submit(call, generation.library, deadline, () => {
          clearTimeout(timer);
          pooled -= 1;
          finish(late);
        });
      }),
  };

  function outcome(call: Call, path: string, generation: Generation, req: IncomingMessage): Result {
    const { preAlloc, alloc, returned: decided } = call;
    const fault = (status: number, text: string) => {
      onFault(path, `generation ${generation.number}, ${req.method} ${req.url}: ${text}`);
      return { ...ownResult(status, req), decided, preAlloc, alloc };
    };
    switch (call.outcome) {
      case Outcome.ok: {
        const reply = { status: call.status, reason: call.reason, head: call.head, body: call.copyBody() };
        return { reply, decided, preAlloc, alloc, close: false };
      }
      case Outcome.crashed:
        return fault(502, `crashed: ${call.head}`);
      case Outcome.badResponse:
        return fault(500, `its response was refused: ${complaintText(call.complaint)}`);
      default:
        return fault(500, 'handle_request returned NULL');
    }
  }
}

/** The route decides, else the library: only their authors know that it never blocks. */
function isInline({ run }: ServedRoute, { library }: Generation): boolean {
  return run === undefined ? library.nonblocking : run === 'inline';
}
