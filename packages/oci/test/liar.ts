// A registry that does what a test says, on loopback.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FindCredentials } from '../src/index.ts';

const servers = new Set<Server>();

export interface Liar {
  /** «127.0.0.1:PORT» */
  host: string;
  /** «GET /v2/…», each with the Authorization that came. */
  asked: { line: string; authorization: string | undefined }[];
}

/** answer: false, or what a path isn't there for: 404. */
export async function lie(answer: (req: IncomingMessage, res: ServerResponse) => unknown): Promise<Liar> {
  const asked: Liar['asked'] = [];
  const server = createServer((req, res) => {
    asked.push({ line: `${req.method} ${req.url}`, authorization: req.headers.authorization });
    if (answer(req, res) === false) res.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  servers.add(server);
  await once(server, 'listening');
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

export async function silenceAll(): Promise<void> {
  for (const server of servers) {
    servers.delete(server);
    server.closeAllConnections();
    server.close();
  }
}

export const sha256 = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** Bytes without end; settles when the client has had enough. */
export async function endless(res: ServerResponse): Promise<void> {
  res.on('error', () => {});
  const chunk = Buffer.alloc(64 << 10, '[');
  while (!res.destroyed) {
    if (!res.write(chunk)) await Promise.race([once(res, 'drain'), once(res, 'close')]);
  }
}

export const nobody: FindCredentials = async () => null;
export const somebody: FindCredentials = async () => ({ username: 'robot', password: 'correct horse' });
