// One request and its answer, over node:http(s): with limits, and without carrying secrets to another host.
import type { IncomingHttpHeaders, IncomingMessage, RequestOptions } from 'node:http';
import { registryError } from './error.ts';

export interface Outgoing {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  url: URL;
  headers?: Record<string, string>;
  authorization?: string | undefined;
  /** Made anew for each try. length: bytes. */
  body?: { length: number; open(): AsyncIterable<Uint8Array> };
  /** Whole milliseconds that it may take, body and answer included. */
  timeout: number;
}

export interface Incoming {
  status: number;
  headers: IncomingHttpHeaders;
  /** Where it came from, after redirects. */
  url: URL;
  /** Must be read to the end, or destroyed. */
  body: IncomingMessage;
}

const SILENCE_MS = 30_000;
const REDIRECTS_MAX = 5;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** where: for messages. Follows redirects of GET and HEAD, never from https to http. Throws FL_REGISTRY. */
export async function exchange(where: string, outgoing: Outgoing): Promise<Incoming> {
  const end = AbortSignal.timeout(outgoing.timeout);
  let { url, authorization } = outgoing;
  for (let hops = 0; hops <= REDIRECTS_MAX; hops++) {
    const answer = await once(where, { ...outgoing, url, authorization }, end);
    const { location } = answer.headers;
    const isSafe = outgoing.method === 'GET' || outgoing.method === 'HEAD';
    if (!isSafe || !REDIRECTS.has(answer.status) || location === undefined) return answer;
    answer.body.destroy();
    const next = URL.canParse(location, url.href) ? new URL(location, url) : null;
    if (!next || (next.protocol !== 'https:' && next.protocol !== url.protocol))
      throw registryError(
        where,
        `${url.host} redirects to where this client doesn't go: without TLS, or no address`,
      );
    if (next.origin !== url.origin) authorization = undefined; // a store's signed address brings its own
    url = next;
  }
  throw registryError(where, `more than ${REDIRECTS_MAX} redirects`);
}

async function once(
  where: string,
  { method, url, headers, authorization, body }: Outgoing,
  end: AbortSignal,
): Promise<Incoming> {
  const secure = url.protocol === 'https:';
  const { request } = secure ? process.getBuiltinModule('node:https') : process.getBuiltinModule('node:http');
  const options: RequestOptions = {
    method,
    headers: {
      'user-agent': 'flexilib',
      ...headers,
      ...(authorization === undefined ? {} : { authorization }),
      ...(body ? { 'content-length': body.length } : {}),
    },
    timeout: SILENCE_MS,
    signal: end,
    agent: false, // connections of pulls a minute apart are not worth keeping
  };
  // A user's name in an address that a registry gave is not sent as credentials.
  const target = new URL(url);
  target.username = target.password = '';
  return new Promise<Incoming>((resolve, reject) => {
    const outgoing = request(target, options);
    const fail = (cause: Error) => reject(unreachable(where, url, cause, end));
    outgoing.on('error', fail);
    outgoing.on('timeout', () => outgoing.destroy(new Error(`silent for ${SILENCE_MS / 1000} s`)));
    outgoing.on('response', (answer) => {
      answer.on('error', () => {}); // who reads it hears of it as well
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers, url, body: answer });
    });
    if (!body) return void outgoing.end();
    const { Readable, pipeline } = process.getBuiltinModule('node:stream');
    pipeline(Readable.from(body.open()), outgoing, (error) => {
      // An answer that came before the body had gone is an answer all the same.
      if (error && (error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') fail(error);
    });
  });
}

const hints: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: "its name can't be resolved at the moment",
  ECONNRESET: 'the connection was closed',
  EPROTO: "it doesn't speak TLS as this client does; oci+http:// is for a registry without TLS",
  ERR_SSL_WRONG_VERSION_NUMBER: "it doesn't speak TLS; oci+http:// is for a registry without TLS",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "it doesn't speak TLS; oci+http:// is for a registry without TLS",
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is not known; NODE_EXTRA_CA_CERTS=FILE.pem adds a CA',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is not known; NODE_EXTRA_CA_CERTS=FILE.pem adds a CA',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is not known; NODE_EXTRA_CA_CERTS=FILE.pem adds a CA',
};

/** The address without its query: a redirect's may be signed. */
export function unreachable(where: string, url: URL, cause: Error, end?: AbortSignal): Error {
  if ((cause as { code?: unknown }).code === 'FL_REGISTRY') return cause; // of the body
  const { code } = cause as NodeJS.ErrnoException;
  const why = end?.aborted ? 'no answer in time' : ((code && hints[code]) ?? cause.message);
  return registryError(where, `${url.origin}: ${why}`, cause);
}

/** The body as a whole. Throws FL_REGISTRY when it is longer than max bytes. */
export async function readBody(where: string, { body, url }: Incoming, max: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > max) throw registryError(where, `${url.origin} sends more than ${max} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw unreachable(where, url, error as Error);
  }
  return Buffer.concat(chunks);
}
