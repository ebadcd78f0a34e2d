// From what fetch() takes to what an executor is given.
import { FlexilibError } from '@flexilib/native';

/** As a server takes them: longer ones get 414 and 431 there. */
const TARGET_MAX = 8192;
const FIELDS_MAX = 100;
const FIELD_BYTES_MAX = 16384;
const METHOD_MAX = 31;

export interface RequestOptions {
  /** GET; POST with a body. Any method, as it is written. */
  method?: string;
  /** Pairs and records keep their names' case, their order and duplicates. */
  headers?: [string, string][] | Record<string, string> | Headers;
  /** Whatever Request takes. Any method may have one. */
  body?: RequestInit['body'];
}

/** A request, ready for an executor. */
export interface Asked {
  method: string;
  /** As in a request line. */
  target: string;
  /** Characters are bytes (Latin-1). */
  fields: [name: string, value: string][];
  body: Uint8Array;
}

/**
 * The request that a server would give to its executor. Added in front: host, if there is none; behind: content-type, if
 * the body tells one, and content-length, if there is a body.
 * Throws FL_CALL_REQUEST, and a TypeError where Request throws it.
 */
export async function ask(input: string | URL | Request, options: RequestOptions = {}): Promise<Asked> {
  const given = input instanceof Request ? input : null;
  const method = options.method ?? given?.method ?? (options.body == null ? 'GET' : 'POST');
  const { target, host } = addressOf(given ? given.url : (input as string | URL));
  const sent = pairs(options.headers ?? given?.headers ?? []);
  // It reads any body, names its type, and refuses illegal names and values.
  const carrier = new Request('http://localhost/', {
    method: 'POST',
    headers: sent,
    body: options.body ?? given?.body ?? null,
    duplex: 'half',
  } as RequestInit);
  const body = new Uint8Array(await carrier.arrayBuffer());
  const type = carrier.headers.get('content-type');
  const fields = sent.map(([name, value]): [string, string] => [name, value.trim()]);
  const has = (name: string) => fields.some(([own]) => own.toLowerCase() === name);
  if (!has('host')) fields.unshift(['host', host]);
  if (type !== null && !has('content-type')) fields.push(['content-type', type]);
  const length = body.length > 0 || method === 'POST' || method === 'PUT';
  if (length && !has('content-length')) fields.push(['content-length', `${body.length}`]);
  const asked = { method, target, fields, body };
  refuse(asked);
  return asked;
}

/** A path is sent as it is written, dots and all: only what can't stand in a request line is escaped. */
function addressOf(input: string | URL): { target: string; host: string } {
  if (typeof input === 'string' && (input.startsWith('/') || input === '*')) {
    const target = input.replace(/#.*$/s, '').replace(/[^!-~]+/g, encodeURI);
    return { target, host: 'localhost' };
  }
  const { pathname, search, host } = new URL(input);
  return { target: pathname + search, host };
}

function pairs(headers: NonNullable<RequestOptions['headers']>): [string, string][] {
  const all = headers instanceof Headers || Array.isArray(headers) ? [...headers] : Object.entries(headers);
  return all.map(([name, value]) => [name, String(value)]);
}

function refuse({ method, target, fields }: Asked): void {
  const fail = (text: string) => {
    throw new FlexilibError('FL_CALL_REQUEST', `${method} ${target.slice(0, 100)}: ${text}`);
  };
  if (!/^[!#$%&'*+.^_`|~\w-]+$/.test(method) || method.length > METHOD_MAX) fail('that is no method');
  if (target.length > TARGET_MAX) fail(`a server refuses targets over ${TARGET_MAX} bytes (414)`);
  if (fields.length > FIELDS_MAX) fail(`a server refuses more than ${FIELDS_MAX} header fields (431)`);
  const bytes = fields.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);
  if (bytes > FIELD_BYTES_MAX) fail(`a server refuses header fields over ${FIELD_BYTES_MAX} bytes (431)`);
}
