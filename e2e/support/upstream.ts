// Applications behind the proxy: processes of their own, so that they can be killed.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from './client.ts';

const program = join(import.meta.dirname, 'upstream.mjs');
const running = new Set<ChildProcess>();

export interface Upstream {
  readonly port: number;
  readonly pid: number;
  /** Requests so far, of this process; asked of it without the proxy. */
  count(): Promise<number>;
  /** Closes the connections that nobody uses. */
  quiet(): Promise<unknown>;
  /** Settles when it has gone: its kernel has reset its connections. */
  kill(): Promise<void>;
  /** Another process, on the same port. */
  again(): Promise<Upstream>;
}

/** What it answers to which path is said in upstream.mjs. port: 0 takes a free one. backlog: connections that it needn't accept. */
export async function startUpstream(port = 0, backlog = 4096): Promise<Upstream> {
  const child = spawn(process.execPath, [program, String(port), String(backlog)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.add(child);
  const gone = once(child, 'exit');
  const told = once(child.stdout, 'data').then(([data]) => Number(String(data)));
  const own = await Promise.race([told, gone.then(() => Number.NaN)]);
  if (Number.isNaN(own)) throw new Error(`the upstream on port ${port} ended`);
  return {
    port: own,
    pid: child.pid!,
    count: async () => Number(await text(own, '/count')),
    quiet: () => text(own, '/quiet'),
    async kill() {
      running.delete(child);
      child.kill('SIGKILL');
      await gone;
    },
    again: () => startUpstream(own, backlog),
  };
}

/** For afterEach. */
export async function stopUpstreams(): Promise<void> {
  await Promise.all(
    [...running].map(async (child) => {
      running.delete(child);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }),
  );
}
