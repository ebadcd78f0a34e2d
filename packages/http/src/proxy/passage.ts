// A request on its way to an upstream and back: what all its tries have in common, and how it ends early.
import type { Buffer } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type Attempt,
  clientAddress,
  type Group,
  hashOf,
  interimHead,
  requestFields,
  rewriteTarget,
  type Trust,
  type UpstreamSpec,
  type UpstreamTarget,
} from '@flexilib/proxy';
import type { BodyLimits } from '../body.ts';
import type { Connection } from '../connection.ts';
import { letGo } from '../held.ts';
import { addressOfPeer } from '../peer.ts';
import type { UpstreamRoute } from '../routes.ts';
import { frameRequest, without } from './framing.ts';
import { MIRRORED_MAX, mirror } from './mirror.ts';
import { type RequestBody, streamBody, wholeBody } from './request-body.ts';

export interface Passage {
  readonly req: IncomingMessage;
  readonly spec: UpstreamSpec;
  readonly group: Group;
  /** Of the balance. */
  readonly hash: number;
  /** As the upstream is asked for it. */
  readonly target: string;
  readonly body: RequestBody;
  /** It asks for another protocol. */
  readonly isUpgrade: boolean;
  /** The fields for an upstream. */
  fieldsFor(upstream: UpstreamTarget): string[];
  /** Passes a 1xx on. */
  onInterim(status: number, reason: string, rawHeaders: string[]): void;
  /** The client waits for a 100 that hasn't come: what it sends next may be the body, or not. */
  readonly isAwaited: boolean;
  /** One was passed on: the client has seen something of an answer. */
  readonly hasInterim: boolean;
  /** The try that is under way; it ends when the passage is given up. */
  current: Attempt | null;
  /** Why it was given up, if it was. status: the client is told; null: it has gone. */
  readonly givenUp: { status: number | null; why: string } | null;
  /** A line for the operator. */
  onFault(text: string): void;
  /** It is over; once. */
  end(): void;
}

export interface PassageOptions {
  req: IncomingMessage;
  res: ServerResponse;
  connection: Connection;
  route: UpstreamRoute;
  limits: BodyLimits;
  trust: Trust;
  /** The client waits for a 100, and the upstream is asked for it. */
  asksContinue: boolean;
  /** What the client wants to switch to. */
  protocol: string | null;
  /** The body, if it was read already; it is let go at the end. */
  whole: Buffer | null;
  onFault(key: string, text: string): void;
}

/** Counts as a call of the route until its end. */
export function openPassage(options: PassageOptions): Passage {
  const { req, res, connection, route, limits, trust, asksContinue, protocol } = options;
  const { spec, group } = route;
  const { mirror: mirrored, timeout } = spec.options;
  const { socket } = connection;
  const peer = addressOfPeer(connection.peer);
  const trusted = trust(peer);
  let hasInterim = false;
  let isAwaited = asksContinue;

  const body = options.whole
    ? wholeBody(options.whole)
    : streamBody(req, {
        limits,
        isAwaited: () => isAwaited,
        onFailed: (status) => giveUp(status, 'its body is not there'),
        onKept: copy,
      });

  function fieldsFor(upstream: UpstreamTarget, size = body.whole?.length ?? null): string[] {
    const { method = '', httpVersion: version, url: target = '' } = req;
    const context = { method, version, target, upstream, peer, secure: false, trusted };
    const fields = requestFields(spec, req.rawHeaders, context);
    return frameRequest(req, asksContinue ? fields : without(fields, /^expect$/i), size);
  }

  function onInterim(status: number, reason: string, rawHeaders: string[]): void {
    if (req.httpVersion === '1.0' || socket.destroyed) return;
    hasInterim = true;
    isAwaited &&= status !== 100;
    // node:http closes the connection when it doesn't know of a 100.
    if (status === 100) res.writeContinue();
    else socket.write(interimHead(status, reason, rawHeaders), 'latin1');
  }

  /** Sends a copy of the request to the mirror. */
  function copy(content: Buffer): void {
    if (!mirrored || protocol || content.length > MIRRORED_MAX) return;
    const fields = without(fieldsFor(mirrored, content.length), /^expect$/i);
    mirror(group, spec, mirrored, { method: req.method!, target: passage.target, fields, body: content });
  }

  function giveUp(status: number | null, why: string): void {
    givenUp ??= { status, why };
    passage.current?.abort();
  }

  let givenUp: Passage['givenUp'] = null;
  const onClose = (): void => giveUp(null, 'the client has gone');
  const late = (): void => giveUp(504, `no whole answer within ${timeout! / 1000} s`);
  const timer = timeout === undefined ? undefined : setTimeout(late, timeout);
  socket.once('close', onClose);
  route.calls += 1;

  const passage: Passage = {
    req,
    spec,
    group,
    hash: hashOf(group.balance, clientAddress(peer, req.rawHeaders, trust), req.rawHeaders),
    target: rewriteTarget(spec, req.url!),
    body,
    isUpgrade: protocol !== null,
    fieldsFor(upstream) {
      const fields = fieldsFor(upstream);
      if (protocol !== null) fields.push('connection', 'upgrade', 'upgrade', protocol);
      return fields;
    },
    onInterim,
    get isAwaited() {
      return isAwaited;
    },
    get hasInterim() {
      return hasInterim;
    },
    current: null,
    get givenUp() {
      return givenUp;
    },
    onFault: (text) => options.onFault(spec.key, text),
    end() {
      clearTimeout(timer);
      socket.off('close', onClose);
      body.stop();
      route.calls -= 1;
      letGo(options.whole?.length ?? 0);
    },
  };
  if (socket.destroyed) onClose();
  if (body.whole) copy(body.whole);
  return passage;
}
