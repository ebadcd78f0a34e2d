// A request through an upstream: everything that HTTP/1.1 has, by node:http's client.
import { Buffer } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { monotonicNow } from '@flexilib/native';
import { createTrust, maxForwards } from '@flexilib/proxy';
import { type BodyLimits, hasBody, isCostly, isTooLarge, readBody } from '../body.ts';
import type { Connection } from '../connection.ts';
import { isFull, letGo } from '../held.ts';
import { ownReply, type Reply } from '../reply.ts';
import { ownResult, type Result } from '../result.ts';
import type { UpstreamRoute } from '../routes.ts';
import { answerHasBody, answerLength } from './framing.ts';
import { openPassage, type Passage } from './passage.ts';
import { answerRelay } from './relay.ts';
import { tryBackends } from './tries.ts';
import { askedProtocol, listenEarly, switchRelay } from './upgrade.ts';

export interface ForwardOptions {
  /** max: of bodies that a route without a limit of its own has read as a whole. */
  body: BodyLimits;
  limits: { send: number };
  /** Whose Forwarded and X-Forwarded-* count: numeric addresses and networks (CIDR). */
  trusted: readonly string[];
  onFault(key: string, text: string): void;
}

export interface ForwardedRequest {
  req: IncomingMessage;
  res: ServerResponse;
  connection: Connection;
  route: UpstreamRoute;
  /** The client waits for a 100 before it sends its body. */
  expectsContinue: boolean;
}

/** Never rejects but when memory is out. */
export type Forward = (request: ForwardedRequest) => Promise<Result>;

const ALLOWED = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';

export function createForward(options: ForwardOptions): Forward {
  const trust = createTrust(options.trusted);

  return async (request) => {
    const { req, res, connection, route, expectsContinue } = request;
    const { max_body, buffering } = route.spec.options;
    const refuse = (status: number) => ownResult(status, req, expectsContinue || isCostly(req));
    if (maxForwards(req.method!, req.rawHeaders) === 0) return { ...refuse(405), reply: lastStop(req) };
    const isBusy = () => route.calls >= route.maxCalls || isFull();
    if (isBusy()) return refuse(503);
    const isWhole = buffering === 'request' || buffering === 'both';
    const max = max_body ?? (isWhole ? options.body.max : Number.POSITIVE_INFINITY);
    const limits = { max, timeout: options.body.timeout };
    if (isTooLarge(req, limits)) return ownResult(413, req, true);

    const asksContinue = expectsContinue && !isWhole && isAscii(req.rawHeaders);
    if (expectsContinue && !asksContinue) res.writeContinue();
    const whole = isWhole ? await readBody(req, limits) : null;
    if (typeof whole === 'number') return ownResult(whole, req, true);
    if (isWhole && whole === null) return { ...ownResult(400, req), reply: null };
    if (whole !== null && isBusy()) {
      letGo(whole.length);
      return ownResult(503, req);
    }

    // Who sends a body, or has said more already, goes on in HTTP (RFC 9110, 7.8), and so does 1.0.
    const maySwitch = connection.last === req && !hasBody(req) && req.httpVersion !== '1.0';
    const protocol = maySwitch ? askedProtocol(req) : null;
    const early = protocol === null ? [] : listenEarly(connection);
    const { onFault } = options;
    const passage = openPassage({ ...request, limits, trust, asksContinue, protocol, whole, onFault });
    const found = await tryBackends(passage);
    const decided = monotonicNow();
    if (!('answer' in found)) {
      passage.end();
      const { status, why, retryAfter } = found;
      const close = isLeft(request, passage) || (passage.givenUp !== null && !passage.body.isRead);
      if (!close && !passage.body.isRead) req.resume(); // it is dropped
      if (status === null) return { ...ownResult(400, req), reply: null };
      return { ...ownResult(status, req, close, retryAfter), story: why };
    }
    const { answer, backend } = found;
    const { socket } = connection;
    const { head } = answer;
    const relay =
      answer.kind === 'switched'
        ? switchRelay({ socket, early, passage, backend, head, upstream: answer.socket, first: answer.first })
        : answerRelay({ req, res, passage, backend, head, sendTimeout: options.limits.send });
    const close = answer.kind === 'switched' || endsConnection(request, passage, head);
    return { reply: null, relay, decided, preAlloc: 0, alloc: 0, close };
  };
}

/** Whether the answer has to be the connection's last: nobody knows where it ends, or the request goes on and on. */
function endsConnection(request: ForwardedRequest, passage: Passage, head: IncomingMessage): boolean {
  const { req } = request;
  const isOpen = answerHasBody(req.method!, head.statusCode!) && answerLength(head) === undefined;
  if (isOpen && req.httpVersion === '1.0') return true;
  return isLeft(request, passage);
}

/** Whether nobody knows where the request ends. node:http closes after an answer without the 100 that its client waits for. */
function isLeft({ req, expectsContinue }: ForwardedRequest, { body, isAwaited }: Passage): boolean {
  return isAwaited || (!body.isRead && (expectsContinue || isCostly(req)));
}

/** Fields whose bytes node:http sends as they are together with Expect, which it sends as UTF-8 (seen in 24.21). */
function isAscii(rawHeaders: string[]): boolean {
  return rawHeaders.every((text) => /^[\t -~]*$/.test(text));
}

/** The answer to what may go no further. A TRACE would show its client what proxies have added for the upstream's eyes. */
function lastStop({ method }: IncomingMessage): Reply {
  if (method === 'TRACE') {
    const reply = ownReply(405, false);
    return { ...reply, head: `allow: ${ALLOWED}\r\n${reply.head}` };
  }
  const head = `allow: ${ALLOWED}\r\ncontent-length: 0\r\n`;
  return { status: 200, reason: 'OK', head, body: Buffer.alloc(0) };
}
