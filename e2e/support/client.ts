import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';

export interface Response {
  status: number;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

export interface RequestOptions {
  method?: string;
  headers?: Record<string, string>;
  body?: Buffer;
  /** Sends the body chunked, in pieces of this many bytes. */
  chunk?: number;
}

/** One request on a connection of its own. */
export function ask(port: number, path: string, options: RequestOptions = {}): Promise<Response> {
  const { body, chunk } = options;
  return new Promise((resolve, reject) => {
    const headers = { ...options.headers, ...(body && !chunk ? { 'content-length': `${body.length}` } : {}) };
    const method = options.method ?? (body ? 'POST' : 'GET');
    const req = httpRequest({ port, path, method, headers, agent: false }, (res) => {
      const pieces: Buffer[] = [];
      res.on('data', (piece: Buffer) => pieces.push(piece));
      res.on('end', () =>
        resolve({ status: res.statusCode ?? 0, headers: res.headers, body: Buffer.concat(pieces) }),
      );
      res.on('error', reject);
    });
    req.on('error', reject);
    if (body && chunk)
      for (let at = 0; at < body.length; at += chunk) req.write(body.subarray(at, at + chunk));
    if (body && !chunk) req.write(body);
    req.end();
  });
}

export const text = async (port: number, path: string, options?: RequestOptions): Promise<string> =>
  (await ask(port, path, options)).body.toString();

/** A kept-alive connection that reads responses strictly: any surprise rejects. */
export interface KeptAlive {
  get(path: string): Promise<{ status: number; body: string }>;
  close(): void;
}

export async function keepAlive(port: number): Promise<KeptAlive> {
  const socket = connect(port, '127.0.0.1').setNoDelay(true);
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  let buffered = '';
  let waiting: { resolve(value: { status: number; body: string }): void; reject(error: Error): void } | null =
    null;
  const fail = (what: string) => {
    waiting?.reject(new Error(`${what}; read so far: ${JSON.stringify(buffered.slice(0, 300))}`));
    waiting = null;
  };
  socket.on('data', (data) => {
    buffered += data.toString('latin1');
    const end = buffered.indexOf('\r\n\r\n');
    if (end < 0) return;
    const length = Number(/\r\ncontent-length: (\d+)\r\n/.exec(buffered)?.[1]);
    if (Number.isNaN(length)) return fail('no content-length');
    const body = buffered.slice(end + 4);
    if (body.length < length) return;
    if (body.length > length) return fail('more than one response');
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(buffered)?.[1]);
    buffered = '';
    const { resolve } = waiting!;
    waiting = null;
    resolve({ status, body });
  });
  socket.on('error', (error) => fail(error.message));
  socket.on('close', () => fail('closed'));
  return {
    get(path) {
      return new Promise((resolve, reject) => {
        if (socket.destroyed) return reject(new Error('closed'));
        waiting = { resolve, reject };
        socket.write(`GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`);
      });
    },
    close: () => socket.destroy(),
  };
}
