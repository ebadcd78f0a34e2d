import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { DEV_VARIABLE } from './protocol.ts';

export interface ServerOptions {
  config: string;
  /** Of the channel. */
  socket: string;
  env: Record<string, string>;
}

export interface Server {
  signal(name: NodeJS.Signals): void;
  /** Settles with the exit status, as a shell would report it. */
  readonly exit: Promise<number>;
}

/** The server, as an operator would start it; it writes where this process writes. */
export function startServer({ config, socket, env }: ServerOptions): Server {
  const command = process.argv[1]; // bin/flexilib.cjs
  const child = spawn(process.execPath, [command, 'serve', '--config', config], {
    stdio: 'inherit',
    env: { ...process.env, ...env, [DEV_VARIABLE]: socket },
  });
  return {
    signal: (name) => void child.kill(name),
    exit: new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, name) => resolve(code ?? 128 + constants.signals[name!]));
    }),
  };
}
