// One request through its executor: route, generation, body, call, reply; or to an upstream.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Generation } from '@flexilib/loader';
import { FlexilibError, type Runtime } from '@flexilib/native';
import type { BlockingWatch } from './blocking.ts';
import { isCostly, isTooLarge, readBody } from './body.ts';
import type { Connection } from './connection.ts';
import { createDispatch } from './dispatch.ts';
import { writeHead } from './head.ts';
import { isFull, letGo } from './held.ts';
import { createForward, type ForwardOptions } from './proxy/forward.ts';
import { ownResult, type Result } from './result.ts';
import type { RouteTable } from './routes.ts';
import { settleHost, validateRequest } from './validate.ts';

export interface ExchangeOptions extends ForwardOptions {
  runtime: Runtime;
  routes(): RouteTable;
  /** Calls that may wait for a thread. */
  maxQueue: number;
  onInline: BlockingWatch;
  /** An executor or an upstream misbehaved: a line for the operator. */
  onFault(path: string, text: string): void;
}

/**
 * Answers requests with executors and upstreams. expectsContinue: the client waits for a 100 before it sends its body. Rejects when
 * the process is out of memory.
 */
export type Exchange = (
  req: IncomingMessage,
  res: ServerResponse,
  connection: Connection,
  expectsContinue: boolean,
) => Promise<Result>;

export function createExchange(options: ExchangeOptions): Exchange {
  const { runtime, body: limits } = options;
  const dispatch = createDispatch(options);
  const forward = createForward(options);

  return async (req, res, connection, expectsContinue) => {
    const refusal = validateRequest(req);
    if (refusal) return ownResult(refusal, req, true);
    settleHost(req);
    // Without a 100 the client may leave its body out, and then nobody knows where the next request begins.
    const withoutBody = (status: number, retryAfter?: number) =>
      ownResult(status, req, expectsContinue || isCostly(req), retryAfter);
    const call = runtime.acquireCall();
    let generation: Generation | null = null;
    let dispatched = false; // from there on it is the return of the call that releases
    try {
      writeHead(call, req);
      const route = connection.found ?? options.routes().find(call);
      connection.found = null;
      if (!route && req.url === '*') return withoutBody(200); // RFC 9110 9.3.7: a ping
      if (!route) return { ...withoutBody(404), story: 'no route of the configuration matches its path' };
      if (route.kind === 'return') {
        const reply = route.reply(call, req.method === 'HEAD');
        return { ...withoutBody(404), reply };
      }
      if (route.kind === 'upstream') {
        dispatched = true;
        runtime.releaseCall(call); // the request itself has all that upstreams are told
        return await forward({ req, res, connection, route, expectsContinue });
      }
      if (isFull()) return withoutBody(503);
      // Before the body: a request keeps the generation that it started with.
      const acquired = await acquire(route.executor);
      if (acquired instanceof FlexilibError)
        return { ...withoutBody(503, route.executor.retryAfter), story: acquired };
      generation = acquired;
      if (expectsContinue && !isTooLarge(req, limits)) res.writeContinue();
      const body = await readBody(req, limits);
      if (body === null) return { ...ownResult(400, req), reply: null };
      if (typeof body === 'number') return ownResult(body, req, true);
      if (!dispatch.hasRoom(route, generation)) {
        letGo(body.length);
        return ownResult(503, req);
      }
      call.content = body;
      dispatched = true;
      return await dispatch.run(call, route, generation, req);
    } finally {
      if (!dispatched) {
        generation?.release();
        runtime.releaseCall(call);
      }
    }
  };
}

/** An error: it can't be loaded, or is out; the loader has told why. */
async function acquire(executor: {
  acquire(): Generation | Promise<Generation>;
}): Promise<Generation | FlexilibError> {
  try {
    return await executor.acquire();
  } catch (error) {
    if (error instanceof FlexilibError) return error;
    throw error;
  }
}
