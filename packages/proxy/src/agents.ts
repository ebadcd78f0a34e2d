// The connections to upstreams that node:http keeps open between requests: a pool for each backend of a group.
import { readFileSync } from 'node:fs';
import type { Agent } from 'node:http';
import type { AgentOptions } from 'node:https';
import type { Group } from './group.ts';
import type { UpstreamOptions, UpstreamSpec, UpstreamTarget } from './spec.ts';

/** Idle connections that a backend may have, and for how long; shorter when its Keep-Alive says so. */
const FREE_MAX = 128;
const FREE_MS = 15_000;

/** By the URL of the target. Those of a group go with it: its idle connections end by their time. */
const pools = new WeakMap<Group, Map<string, Agent>>();

/** The pool for a target of a group. Throws an Error that names the file when one of TLS can't be read. */
export function agentOf(
  group: Group,
  { options }: UpstreamSpec,
  { url, secure, host }: UpstreamTarget,
): Agent {
  let agents = pools.get(group);
  if (!agents) {
    agents = new Map();
    pools.set(group, agents);
  }
  let agent = agents.get(url);
  if (!agent) {
    const pool = { keepAlive: true, maxFreeSockets: FREE_MAX, timeout: FREE_MS };
    agent = secure
      ? new (process.getBuiltinModule('node:https').Agent)({ ...pool, ...tlsOptions(options, host) })
      : new (process.getBuiltinModule('node:http').Agent)(pool);
    agents.set(url, agent);
  }
  return agent;
}

/** Later connections of a group have the files of TLS as they are by then; those under way go on. */
export function renewAgents(group: Group): void {
  for (const agent of pools.get(group)?.values() ?? []) dropIdle(agent);
  pools.delete(group);
}

/** Closes the idle connections of a pool. */
export function dropIdle({ freeSockets }: Agent): void {
  for (const sockets of Object.values(freeSockets)) for (const socket of sockets ?? []) socket.destroy();
}

/** What TLS to a target asks for. host: the target's. Throws an Error that names the file that can't be read. */
export function tlsOptions(options: UpstreamOptions, host: string): AgentOptions {
  const { isIP } = process.getBuiltinModule('node:net');
  const name = options.tls_name ?? host;
  return {
    rejectUnauthorized: options.tls_verify,
    ca: read('tls_ca', options.tls_ca),
    cert: read('tls_certificate', options.tls_certificate),
    key: read('tls_key', options.tls_key),
    // An address is no SNI (RFC 6066, 3); the certificate is checked against the address then.
    servername: isIP(name) === 0 ? name : '',
    minVersion: 'TLSv1.2',
  };
}

function read(option: string, path: string | undefined): Buffer | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Error(`${option}: ${(error as Error).message}`);
  }
}
