// One health check.
import type { RequestOptions } from 'node:http';
import { tlsOptions } from './agents.ts';
import type { Backend } from './group.ts';
import { authorityOf } from './request-fields.ts';
import { avoidAddress, nextAddress } from './resolve.ts';
import type { UpstreamSpec } from './spec.ts';
import { whyFailed } from './why.ts';

/** Milliseconds that a check may take at most; less when the interval is shorter. */
const TIME_MAX = 5000;

/**
 * Asks a backend for the path, on a connection of its own, as the route would. Gives why it isn't well, null when it is; never
 * rejects. signal ends it.
 */
export async function check(
  spec: UpstreamSpec,
  path: string,
  backend: Backend,
  signal: AbortSignal,
): Promise<string | null> {
  const { target } = backend;
  const { host } = spec.options;
  const options: RequestOptions = {
    agent: false,
    path,
    signal,
    headers: {
      host: host === 'keep' || host === 'upstream' ? authorityOf(target) : host,
      'user-agent': 'flexilib',
    },
  };
  try {
    if (target.socket === null) {
      await backend.resolve();
      options.host = nextAddress(backend);
      options.port = target.port;
    } else {
      options.socketPath = target.socket;
    }
    if (target.secure) Object.assign(options, tlsOptions(spec.options, target.host));
    return await ask(options, spec, backend);
  } catch (error) {
    return whyFailed(error);
  }
}

function ask(
  options: RequestOptions,
  { options: route }: UpstreamSpec,
  backend: Backend,
): Promise<string | null> {
  const { request } = process.getBuiltinModule(backend.target.secure ? 'node:https' : 'node:http');
  const limit = Math.min(route.health_interval, TIME_MAX);
  return new Promise((resolve) => {
    let connected = false;
    let problem: string | null = 'it closed the connection without an answer';
    let settled = false;
    const settle = (result: string | null): void => {
      if (!settled) problem = result;
      settled = true;
    };
    const req = request(options);
    const timer = setTimeout(() => {
      settle(`no answer within ${limit} ms`);
      req.destroy();
    }, limit);
    req.once('socket', (socket) => socket.once('connect', () => (connected = true)));
    req.once('response', (res) => {
      const status = res.statusCode!;
      settle(
        route.health_status.some(([from, to]) => from <= status && status <= to) ? null : `status ${status}`,
      );
      res.on('error', () => {}).resume();
    });
    req.on('error', (error) => settle(whyFailed(error)));
    req.once('close', () => {
      clearTimeout(timer);
      if (!connected && options.host !== undefined && options.host !== null)
        avoidAddress(backend, options.host);
      resolve(problem);
    });
    req.end();
  });
}
