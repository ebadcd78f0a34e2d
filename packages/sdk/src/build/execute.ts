import { spawn } from 'node:child_process';
import type { Outcome } from './builder.ts';

/** What a compiler said may be long, but nobody reads more. */
const OUTPUT_MAX = 1 << 20;

export interface Execution {
  /** 0: went well. null: it was stopped. */
  status: number | null;
  stdout: string;
  /** Both streams in the order in which they came, without what `stdout` is kept for. */
  output: string;
}

export interface ExecuteOptions {
  cwd: string;
  signal?: AbortSignal | undefined;
  /** Standard output is data, and not for people. */
  data?: boolean;
}

/** Runs a program to its end. Aborting stops it and what it started, and is no error. Throws what spawn throws. */
export function execute(
  command: string,
  args: readonly string[],
  { cwd, signal, data = false }: ExecuteOptions,
): Promise<Execution> {
  return new Promise((resolve, reject) => {
    // A group of its own, so that all of it can be stopped: zig and cargo start programs of their own.
    const child = spawn(command, args, { cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const result = { stdout: '', output: '' };
    const keep = (of: 'stdout' | 'output') => (piece: string) => {
      if (result[of].length < OUTPUT_MAX) result[of] += piece;
    };
    child.stdout.setEncoding('utf8').on('data', keep(data ? 'stdout' : 'output'));
    child.stderr.setEncoding('utf8').on('data', keep('output'));
    const stop = () => {
      try {
        process.kill(-child.pid!, 'SIGKILL');
      } catch {
        // It has just ended.
      }
    };
    signal?.addEventListener('abort', stop, { once: true });
    // A tool that is told to end must not leave compilers behind.
    process.once('exit', stop);
    child.on('error', reject);
    child.on('close', (code, killed) => {
      if (killed && !signal?.aborted)
        result.output += `${command} was killed by ${killed}${killed === 'SIGKILL' ? '; is there too little memory?' : ''}\n`;
      signal?.removeEventListener('abort', stop);
      process.removeListener('exit', stop);
      resolve({ ...result, status: signal?.aborted ? null : (code ?? (killed ? 1 : 0)) });
    });
    if (signal?.aborted) stop();
  });
}

/** before: what was said until then. */
export function outcomeOf({ status, output }: Execution, before = ''): Outcome {
  return { result: status === null ? 'stopped' : status === 0 ? 'ok' : 'failed', output: before + output };
}
