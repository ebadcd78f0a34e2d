// One request through its executor: route, body, generation, call, reply.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Generation } from '@flexilib/loader';
import {
  type Call,
  complaintText,
  type FlexilibError,
  monotonicNow,
  Outcome,
  type Runtime,
} from '@flexilib/native';
import { type BodyLimits, readBody, releaseBody } from './body.ts';
import { writeHead } from './head.ts';
import { ownReply, type Reply } from './reply.ts';
import type { RouteTable, ServedRoute } from './routes.ts';
import { validateRequest } from './validate.ts';

/** A client that waits for a library to come back, or for room, is told to wait this long, in seconds. */
const RETRY_AFTER = 1;

export interface ExchangeOptions {
  runtime: Runtime;
  routes(): RouteTable;
  body: BodyLimits;
  /** Calls that may wait for a thread. */
  maxQueue: number;
  /** An executor misbehaved: a line for the operator. */
  onFault(path: string, text: string): void;
}

/** What became of a request. null as reply: the client has gone. */
export interface Result {
  reply: Reply | null;
  /** Monotonic milliseconds: the reply was known. */
  decided: number;
  preAlloc: number;
  alloc: number;
  /** The connection can't be used any more: a part of the request is unread. */
  close: boolean;
}

/** Answers requests with executors; expectsContinue: the client waits for a 100 before it sends its body. */
export type Exchange = (
  req: IncomingMessage,
  res: ServerResponse,
  expectsContinue: boolean,
) => Promise<Result>;

export function createExchange(options: ExchangeOptions): Exchange {
  const { runtime, onFault } = options;
  let outstanding = 0;

  function own(status: number, req: IncomingMessage, close = false): Result {
    const reply = ownReply(status, req.method === 'HEAD', status === 503 ? RETRY_AFTER : 0);
    return { reply, decided: monotonicNow(), preAlloc: 0, alloc: 0, close };
  }

  return async (req, res, expectsContinue) => {
    const refusal = validateRequest(req);
    if (refusal) return own(refusal, req, true);
    const call = runtime.acquireCall();
    let free = true;
    try {
      writeHead(call, req);
      const route = options.routes().find(call);
      if (!route) return own(404, req);
      let generation: Generation;
      try {
        generation = await route.executor.acquire();
      } catch (error) {
        if ((error as FlexilibError).code === undefined) throw error;
        return own(503, req);
      }
      if (expectsContinue && !(Number(req.headers['content-length']) > options.body.max)) res.writeContinue();
      const body = await readBody(req, options.body);
      if (body === null || typeof body === 'number' || outstanding >= runtime.threads + options.maxQueue) {
        generation.release();
        if (body === null) return { ...own(400, req), reply: null };
        if (typeof body === 'number') return own(body, req, true);
        releaseBody(body);
        return own(503, req);
      }
      call.content = body;
      free = false; // from here on the call is released when it has returned
      return await dispatch(call, route, generation, req);
    } finally {
      if (free) runtime.releaseCall(call);
    }
  };

  /** Calls the executor. The first of its return and the deadline decides; a late return is only cleaned up after. */
  function dispatch(
    call: Call,
    route: ServedRoute,
    generation: Generation,
    req: IncomingMessage,
  ): Promise<Result> {
    const deadline = monotonicNow() + route.timeout;
    const { path } = route.executor;
    return new Promise((resolve) => {
      outstanding += 1;
      const timer = setTimeout(() => {
        onFault(path, `${req.method} ${req.url}: no answer within ${route.timeout} ms`);
        resolve(own(504, req));
      }, route.timeout);
      const done = () => {
        clearTimeout(timer);
        outstanding -= 1;
        resolve(result(call, path, generation, req));
        if (call.content) releaseBody(call.content);
        runtime.releaseCall(call);
        generation.release();
      };
      if (route.run === 'inline' || (route.run === undefined && generation.library.nonblocking)) {
        runtime.invoke(call, generation.library, deadline);
        done();
      } else {
        runtime.submit(call, generation.library, deadline, done);
      }
    });
  }

  function result(call: Call, path: string, generation: Generation, req: IncomingMessage): Result {
    const { preAlloc, alloc, returned: decided } = call;
    const fault = (status: number, text: string) => {
      onFault(path, `generation ${generation.number}, ${req.method} ${req.url}: ${text}`);
      return { ...own(status, req), decided, preAlloc, alloc };
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
