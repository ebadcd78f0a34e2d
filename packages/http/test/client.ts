// A client that says exactly what it is told, and believes nothing: raw bytes out, strictly parsed responses in.
import { Buffer } from 'node:buffer';
import { connect, type Socket } from 'node:net';

export interface Response {
  status: number;
  reason: string;
  /** As received, in order. */
  fields: [name: string, value: string][];
  body: Buffer;
  /** All bytes of it as Latin-1, the date replaced by «DATE» after it was checked. */
  raw: string;
}

/** A response that may come from an upstream. */
export interface Message {
  status: number;
  reason: string;
  /** As received, in order. */
  fields: [name: string, value: string][];
  body: Buffer;
  framing: 'none' | 'length' | 'chunked' | 'close';
  trailers: [name: string, value: string][];
}

export interface Client {
  readonly socket: Socket;
  /** Text goes out as Latin-1. */
  send(data: string | Uint8Array): Client;
  /** Ends the sending side. */
  half(): Client;
  /** Reset: the server can't write any more. */
  reset(): void;
  /** The next response; rejects when it isn't one, or the connection closes before its end. */
  response(options?: { head?: boolean }): Promise<Response>;
  /** The next response of any framing; rejects as response does. */
  message(options?: { head?: boolean }): Promise<Message>;
  /** The next bytes as Latin-1, that many of them. */
  bytes(length: number): Promise<string>;
  /** The head of an interim response (1xx). */
  interim(): Promise<string>;
  /** Settles when the server has closed, with the bytes that no response has taken, as Latin-1. */
  closed(): Promise<string>;
}

export interface ClientOptions {
  /** Keeps its side open when the server has ended its own. */
  allowHalfOpen?: boolean;
  /** Nothing is read until resume(). */
  paused?: boolean;
}

export async function open(port: number, options: ClientOptions = {}): Promise<Client> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: options.allowHalfOpen ?? false });
  socket.setNoDelay(true);
  let received = Buffer.alloc(0);
  let pieces: Buffer[] = [];
  let ended = false;
  let wake = () => {};
  const onEnd = () => {
    ended = true;
    wake();
  };
  if (!options.paused) {
    socket.on('data', (piece: Buffer) => {
      pieces.push(piece);
      wake();
    });
  }
  socket.on('end', onEnd).on('close', onEnd).on('error', onEnd);
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));

  const more = async (): Promise<boolean> => {
    while (pieces.length === 0 && !ended) await new Promise<void>((resolve) => (wake = resolve));
    if (pieces.length === 0) return false;
    received = Buffer.concat([received, ...pieces]);
    pieces = [];
    return true;
  };

  const take = async (length: number): Promise<Buffer> => {
    while (received.length < length)
      if (!(await more())) throw new Error(`closed after ${received.length} of ${length} bytes`);
    const taken = received.subarray(0, length);
    received = received.subarray(length);
    return taken;
  };

  const line = async (): Promise<string> => {
    while (!received.includes('\r\n')) if (!(await more())) throw new Error('closed in a line');
    const taken = text(await take(received.indexOf('\r\n') + 2));
    return taken.slice(0, -2);
  };

  const client: Client = {
    socket,
    send(data) {
      socket.write(typeof data === 'string' ? Buffer.from(data, 'latin1') : data);
      return client;
    },
    half() {
      socket.end();
      return client;
    },
    reset() {
      socket.resetAndDestroy();
    },
    async response({ head = false } = {}) {
      let end = received.indexOf('\r\n\r\n');
      for (; end < 0; end = received.indexOf('\r\n\r\n'))
        if (!(await more())) throw new Error(`closed before a response: ${JSON.stringify(text(received))}`);
      const parsed = parseHead(text(received.subarray(0, end)));
      const length = head ? 0 : bodyLength(parsed);
      while (received.length < end + 4 + length)
        if (!(await more()))
          throw new Error(`closed in a body, after ${received.length - end - 4} of ${length} bytes`);
      const raw = text(received.subarray(0, end + 4 + length)).replace(/^date: .*$/m, 'date: DATE');
      const body = received.subarray(end + 4, end + 4 + length);
      received = received.subarray(end + 4 + length);
      return { ...parsed, body, raw };
    },
    async message({ head = false } = {}) {
      let end = received.indexOf('\r\n\r\n');
      for (; end < 0; end = received.indexOf('\r\n\r\n'))
        if (!(await more())) throw new Error(`closed before a response: ${JSON.stringify(text(received))}`);
      const parsed = parseHead(text(received.subarray(0, end)));
      received = received.subarray(end + 4);
      const framing = head ? 'none' : framingOf(parsed);
      if (framing === 'none') return { ...parsed, framing, body: Buffer.alloc(0), trailers: [] };
      if (framing === 'length') {
        const length = Number(theValue(parsed, 'content-length'));
        return { ...parsed, framing, body: await take(length), trailers: [] };
      }
      if (framing === 'close') {
        while (await more());
        return { ...parsed, framing, body: await take(received.length), trailers: [] };
      }
      const chunks: Buffer[] = [];
      for (;;) {
        const size = Number.parseInt(await line(), 16);
        if (Number.isNaN(size)) throw new Error('no size of a chunk');
        if (size === 0) break;
        chunks.push(await take(size));
        if ((await line()) !== '') throw new Error('no end of a chunk');
      }
      const trailers: string[] = [];
      for (let field = await line(); field !== ''; field = await line()) trailers.push(field);
      return { ...parsed, framing, body: Buffer.concat(chunks), trailers: trailers.map(parseField) };
    },
    bytes: async (length) => text(await take(length)),
    async interim() {
      while (!received.includes('\r\n\r\n')) if (!(await more())) throw new Error('closed before a response');
      const end = received.indexOf('\r\n\r\n') + 4;
      const raw = text(received.subarray(0, end));
      received = received.subarray(end);
      return raw;
    },
    async closed() {
      while (!ended) await more();
      await more();
      return text(received);
    },
  };
  return client;
}

/** Opens a connection, sends the pieces, and gives the one response; what follows it is an error. */
export async function ask(
  port: number,
  data: string | Uint8Array,
  options?: { head?: boolean },
): Promise<Response> {
  const client = await open(port);
  const response = await client.send(data).response(options);
  client.half();
  const rest = await client.closed();
  if (rest !== '') throw new Error(`bytes after the response: ${JSON.stringify(rest)}`);
  return response;
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

function parseHead(head: string): Pick<Response, 'status' | 'reason' | 'fields'> {
  const [line, ...lines] = head.split('\r\n');
  const match = /^HTTP\/1\.1 (\d{3}) ([^\r\n]*)$/.exec(line);
  if (!match) throw new Error(`no status line: ${JSON.stringify(line)}`);
  const fields = lines.map(parseField);
  for (const [name, value] of fields) {
    if (name === 'date' && new Date(value).toUTCString() !== value) throw new Error(`no date: ${value}`);
  }
  return { status: Number(match[1]), reason: match[2], fields };
}

function parseField(field: string): [name: string, value: string] {
  const parts = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([^\r\n\0]*)$/.exec(field);
  if (!parts) throw new Error(`no field line: ${JSON.stringify(field)}`);
  return [parts[1], parts[2]];
}

/** The only value of a field; undefined: there is none. */
export function theValue({ fields }: Pick<Response, 'fields'>, name: string): string | undefined {
  const values = fields.filter(([other]) => other.toLowerCase() === name);
  if (values.length > 1) throw new Error(`${values.length} fields named ${name}`);
  return values[0]?.[1];
}

function framingOf(head: Pick<Response, 'status' | 'fields'>): Message['framing'] {
  if (head.status < 200 || head.status === 204 || head.status === 304) return 'none';
  const coding = theValue(head, 'transfer-encoding');
  const length = theValue(head, 'content-length');
  if (coding !== undefined && (coding !== 'chunked' || length !== undefined))
    throw new Error(`transfer-encoding ${coding}, content-length ${length}`);
  if (coding !== undefined) return 'chunked';
  return length === undefined ? 'close' : 'length';
}

function bodyLength({ status, fields }: Pick<Response, 'status' | 'fields'>): number {
  if (fields.some(([name]) => name.toLowerCase() === 'transfer-encoding'))
    throw new Error('transfer-encoding');
  const lengths = fields.filter(([name]) => name.toLowerCase() === 'content-length');
  const none = status < 200 || status === 204 || status === 304;
  if (lengths.length !== (none ? 0 : 1)) throw new Error(`${lengths.length} content-length in a ${status}`);
  return none ? 0 : Number(lengths[0][1]);
}
