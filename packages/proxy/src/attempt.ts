// One try of a request at one backend, with node:http's client.
import type { Agent, ClientRequest, IncomingMessage, InformationEvent } from 'node:http';
import type { Socket } from 'node:net';
import { dropIdle } from './agents.ts';
import { soundReason } from './interim.ts';
import type { UpstreamTarget } from './spec.ts';
import { unwatchIdle, watchAnswer, watchIdle } from './stray.ts';
import { inOneLine, whyFailed } from './why.ts';

/** A head, and the fields of a trailer, that are longer are no answer; node:http gives both the same bound. */
const HEAD_MAX = 64 << 10;
const FIELDS_MAX = 1000;
const NO_REASON = 'control characters in its reason';
/** More 1xx than these before the answer are a flood. */
const INTERIM_MAX = 16;

export interface AttemptOptions {
  agent: Agent;
  target: UpstreamTarget;
  /** Numeric; «» for a Unix socket. */
  address: string;
  method: string;
  path: string;
  /** Name, value…, with those that say how the body is framed. */
  fields: string[];
  /** It asks for another protocol. */
  isUpgrade: boolean;
  /** Milliseconds. */
  connectTimeout: number;
  /** Of the answer's head, from the request's dispatch, or from what of its body came last. */
  headTimeout: number;
  /** What is left of it. */
  headLeft: number;
  /** A 1xx but 101. */
  onInterim(status: number, reason: string, rawHeaders: string[]): void;
}

export type Answer =
  /** The head of the answer; its body is read from it. */
  | { kind: 'answer'; head: IncomingMessage }
  /** 101: the socket is the caller's, and these bytes of it were read already. */
  | { kind: 'switched'; head: IncomingMessage; socket: Socket; first: Buffer }
  /** None. */
  | { kind: 'failed'; status: 502 | 504; why: string; sent: Sent };

/**
 * What the upstream has of a request that failed: nothing; nothing, most likely, since its connection of before was
 * closed; nobody knows; or all that it wanted, since it answered, though not in HTTP.
 */
export type Sent = 'nothing' | 'stale' | 'perhaps' | 'answered';

export interface Attempt {
  /** Takes the body, which has to be ended. */
  readonly request: ClientRequest;
  /** Never rejects. */
  readonly answer: Promise<Answer>;
  /** Settles when there is a connection; never, when there is none. */
  readonly connected: Promise<void>;
  /** The head of the answer is here. */
  readonly isAnswered: boolean;
  /** The connection failed after the head: a body that nothing but its end delimits looks whole all the same. */
  readonly broken: boolean;
  /** The request goes on, so the time of the answer's head begins anew. */
  progress(): void;
  /** When that was; of performance.now(). */
  readonly progressed: number;
  /** Cuts the connection; an answer that hasn't come fails. */
  abort(): void;
}

/** Throws when node:http refuses the method, path or a field. */
export function attempt(options: AttemptOptions): Attempt {
  const { agent, target, address, method, path, fields, onInterim } = options;
  const { socket: socketPath, host, port, secure } = target;
  const { request: send } = process.getBuiltinModule(secure ? 'node:https' : 'node:http');
  // The numeric address: each has connections of its own, and nothing is looked up twice.
  const where = socketPath === null ? { host: address || host, port } : { socketPath };
  const request = send({
    ...where,
    agent,
    method,
    path,
    headers: fields,
    maxHeaderSize: HEAD_MAX,
    insecureHTTPParser: false,
    setHost: false,
  });
  request.maxHeadersCount = 0; // else it drops what is beyond 1000; HEAD_MAX is the bound
  let connected = false;
  let answered = false;
  let broken = false;
  let interims = 0;
  let progressed = 0;
  /** Of its connection, before it. */
  let received = 0;
  let settle!: (answer: Answer) => void;
  const answer = new Promise<Answer>((resolve) => {
    settle = resolve;
  });
  let onConnected!: () => void;
  const connection = new Promise<void>((resolve) => {
    onConnected = resolve;
  });
  let done = false;
  const settled = (given: Answer): void => {
    done = true;
    clearTimeout(headTimer);
    clearTimeout(connectTimer);
    settle(given);
  };

  function fail(status: 502 | 504, why: string, sent: Sent = connected ? 'perhaps' : 'nothing'): void {
    broken = true;
    settled({ kind: 'failed', status, why, sent });
    request.destroy();
  }

  function onError(error: NodeJS.ErrnoException): void {
    if (error.code?.startsWith('HPE_')) fail(502, `no HTTP: ${reasonOf(error)}`, 'answered');
    else if (request.reusedSocket && request.socket?.bytesRead === received) {
      dropIdle(agent); // they are from the same time
      fail(502, whyFailed(error), 'stale');
    } else
      fail(502, error.code === 'ECONNRESET' && connected ? 'it closed the connection' : whyFailed(error));
  }

  const late = (): void => fail(504, `no answer within ${options.headTimeout / 1000} s`);
  let headTimer = setTimeout(late, options.headLeft);
  const connectTimer = setTimeout(() => {
    if (!connected) fail(504, `no connection within ${options.connectTimeout / 1000} s`);
  }, options.connectTimeout);

  request.on('socket', (socket) => {
    watchAnswer(socket, () => answered);
    received = socket.bytesRead;
    const onConnect = (): void => {
      connected = true;
      clearTimeout(connectTimer);
      onConnected();
    };
    if (!request.reusedSocket) watchIdle(socket);
    if (request.reusedSocket || !socket.connecting) onConnect();
    else socket.once(secure ? 'secureConnect' : 'connect', onConnect);
  });
  request.on('error', onError);
  // Cut without an error; of one that was answered it is the end.
  request.on('close', () => settled({ kind: 'failed', status: 502, why: 'it was cut', sent: 'perhaps' }));
  request.on('information', ({ statusCode, statusMessage, rawHeaders }: InformationEvent) => {
    interims += 1;
    if (statusCode === 101) fail(502, 'it switched protocols without saying to which', 'answered');
    else if (soundReason(statusMessage) !== statusMessage) fail(502, NO_REASON, 'answered');
    else if (interims > INTERIM_MAX) fail(502, `more than ${INTERIM_MAX} interim answers`, 'answered');
    else onInterim(statusCode, statusMessage, rawHeaders);
  });
  request.on('response', (head) => {
    head.on('error', () => {}); // who reads it looks at `complete`
    const problem = problemOf(head);
    if (problem) fail(502, problem, 'answered');
    else {
      answered = true;
      settled({ kind: 'answer', head });
    }
  });
  request.on('upgrade', (head, socket, first) => {
    unwatchIdle(socket as Socket);
    socket.on('error', () => {});
    if (!options.isUpgrade) {
      socket.destroy();
      fail(502, 'it switched protocols though nobody asked for it', 'answered');
    } else settled({ kind: 'switched', head, socket: socket as Socket, first });
  });

  return {
    request,
    answer,
    connected: connection,
    get progressed() {
      return progressed;
    },
    get isAnswered() {
      return answered;
    },
    get broken() {
      return broken;
    },
    progress() {
      progressed = performance.now();
      if (done) return;
      clearTimeout(headTimer);
      headTimer = setTimeout(late, options.headTimeout);
    },
    abort: () => fail(502, 'it was given up'),
  };
}

/** What makes an answer one that can't be passed on, though node:http takes it: the other way doesn't (bytes/response.ts). */
function problemOf(head: IncomingMessage): string | undefined {
  const { statusCode = 0, statusMessage = '', httpVersion, rawHeaders } = head;
  if (soundReason(statusMessage) !== statusMessage) return NO_REASON;
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return 'its version is not HTTP/1';
  if (statusCode < 200 || statusCode > 999) return `its status is ${statusCode}`;
  if (rawHeaders.length > 2 * FIELDS_MAX) return `it has more than ${FIELDS_MAX} fields`;
  let isCoded = false;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase();
    if (name === 'content-length' && rawHeaders[i + 1]!.length > 15) return 'its length is not exact';
    if (name !== 'transfer-encoding') continue;
    // Another coding would be lost: the field is of this connection only.
    if (isCoded || httpVersion === '1.0' || rawHeaders[i + 1]!.toLowerCase() !== 'chunked')
      return 'its transfer-encoding is not chunked';
    isCoded = true;
  }
  return undefined;
}

/** What the parser didn't like, without what the upstream sent. */
const reasonOf = ({ message }: Error): string => inOneLine(message.replace(/^Parse Error: /, ''));
