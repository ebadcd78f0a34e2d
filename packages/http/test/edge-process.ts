// Starts a process with an edge door (edge-child.ts), and floods it.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { ChildStats } from './edge-child.ts';
import type { ServeOptions } from './suite/served.ts';

export interface EdgeProcess {
  port: number;
  /** Of a node:http server in the same process. */
  neighbour: number;
  child: ChildProcess;
  stats(): Promise<ChildStats>;
  /** Milliseconds until a signal is answered. */
  signal(): Promise<number>;
  /** As the server does when it is quiet. */
  trim(): Promise<void>;
  stop(): Promise<void>;
}

/** launcher: a command that runs the command in its arguments. flags: of Node. */
export async function startEdgeProcess(
  options: ServeOptions,
  launcher: string[] = [],
  flags: string[] = [],
): Promise<EdgeProcess> {
  const [execPath, ...execArgv] = [...launcher, process.execPath, '--expose-gc', '--no-warnings', ...flags];
  const child = fork(join(import.meta.dirname, 'edge-child.ts'), [JSON.stringify(options)], {
    execPath,
    execArgv,
    silent: flags.length > 0,
  });
  const next = async () => (await once(child, 'message'))[0];
  const { port, neighbour } = await next();
  return {
    port,
    neighbour,
    child,
    stats() {
      child.send('stats');
      return next();
    },
    async signal() {
      const begun = performance.now();
      child.kill('SIGUSR2');
      await next();
      return performance.now() - begun;
    },
    async trim() {
      child.send('trim');
      await next();
    },
    async stop() {
      child.send('stop');
      await once(child, 'exit');
    },
  };
}

/**
 * Sends the batch of requests again and again, as fast as it is answered; depth: batches under way. An answer to a batch
 * is as long as the first one. Gives how many batches were answered when `until` says that it is enough.
 */
export async function flood(
  port: number,
  batch: string,
  until: (batches: number) => boolean,
  depth = 2,
): Promise<number> {
  const bytes = Buffer.from(batch, 'latin1');
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  const length = await new Promise<number>((resolve) => {
    let received = 0;
    const requests = batch.split('HTTP/1.1\r\n').length - 1;
    let text = '';
    const onData = (piece: Buffer) => {
      received += piece.length;
      text += piece.toString('latin1');
      if (text.split('HTTP/1.1 200 ').length - 1 < requests || !text.endsWith('\n')) return;
      socket.off('data', onData);
      resolve(received);
    };
    socket.on('data', onData);
    socket.write(bytes);
  });
  let batches = 1;
  let sent = 1;
  let received = 0;
  return await new Promise<number>((resolve, reject) => {
    const send = () => {
      socket.write(bytes);
      sent += 1;
    };
    socket.on('error', reject);
    socket.on('data', (piece: Buffer) => {
      received += piece.length;
      for (; received >= length; received -= length) {
        batches += 1;
        if (!until(batches)) send();
        else if (batches === sent) {
          socket.destroy();
          resolve(batches);
        }
      }
    });
    for (let i = 0; i < depth; i++) send();
  });
}
