// Copies of requests for somebody who only looks on: what becomes of them doesn't matter to anybody here.
import type { Buffer } from 'node:buffer';
import { agentOf, type Group, type UpstreamSpec, type UpstreamTarget } from '@flexilib/proxy';

/** Copies beyond it are not sent. */
const IN_FLIGHT_MAX = 100;

/** Bytes of a body; requests with a longer one are not copied. */
export const MIRRORED_MAX: number = 64 << 10;

let inFlight = 0;

export interface MirroredRequest {
  method: string;
  target: string;
  /** Framed. */
  fields: string[];
  body: Buffer;
}

/** Sends a copy to the mirror of a route, and throws the answer away. */
export function mirror(group: Group, spec: UpstreamSpec, to: UpstreamTarget, request: MirroredRequest): void {
  if (inFlight >= IN_FLIGHT_MAX) return;
  const { method, target, fields, body } = request;
  const { request: send } = process.getBuiltinModule(to.secure ? 'node:https' : 'node:http');
  const where = to.socket === null ? { host: to.host, port: to.port } : { socketPath: to.socket };
  try {
    const agent = agentOf(group, spec, to);
    const copy = send({ ...where, agent, method, path: target, headers: fields, setHost: false });
    inFlight += 1;
    const timer = setTimeout(() => copy.destroy(), spec.options.head_timeout);
    copy.on('error', () => {}).on('upgrade', (_head, socket) => socket.destroy());
    copy.on('response', (head) => head.on('error', () => {}).resume());
    copy.on('close', () => {
      clearTimeout(timer);
      inFlight -= 1;
    });
    copy.end(body);
  } catch {
    // A file of TLS that can't be read, or a field that node:http refuses: the request itself tells of it.
  }
}
