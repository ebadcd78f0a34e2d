// A door that is wrong in one way: a relay in front of a good one.
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { Served } from '../suite/served.ts';

/** Does to what the client gets what it likes. */
export type Fault = (bytes: Buffer, client: Socket) => Buffer;

export const faults: Record<string, Fault> = {
  'a field’s name in another case': (bytes) => replace(bytes, 'content-length', 'Content-Length'),
  'another order of fields': (bytes) =>
    replace(bytes, 'content-type: text/plain\r\n', '', 'date', 'content-type: text/plain\r\ndate'),
  'another reason phrase': (bytes) => replace(bytes, '200 OK', '200 Ok'),
  'a missing connection: close': (bytes) => replace(bytes, 'connection: close\r\n', ''),
  'one byte of a body': (bytes) => replace(bytes, '/echo', '/ecHo'),
  'a byte too many': (bytes) => Buffer.concat([bytes, Buffer.from(' ')]),
  'an end after the first answer': (bytes, client) => {
    client.end(bytes);
    return Buffer.alloc(0);
  },
  'a reset after the first answer': (bytes, client) => {
    client.write(bytes, () => client.resetAndDestroy());
    return Buffer.alloc(0);
  },
};

function replace(bytes: Buffer, ...texts: string[]): Buffer {
  let text = bytes.toString('latin1');
  for (let i = 0; i < texts.length; i += 2) text = text.replace(texts[i], texts[i + 1]);
  return Buffer.from(text, 'latin1');
}

export async function startBroken(good: Served, fault: Fault): Promise<Served> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const upstream = connect({ port: good.port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    client.on('data', (bytes) => upstream.write(bytes)).on('end', () => upstream.end());
    upstream.on('data', (bytes: Buffer) => {
      const changed = fault(bytes, client);
      if (changed.length > 0 && client.writable) client.write(changed);
    });
    upstream.on('end', () => client.end()).on('error', () => client.destroy());
    client.on('error', () => upstream.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return { ...good, port, close: async () => void server.close() };
}
