// The load generator, wrk, and what it tells.
import { join } from 'node:path';
import { startOn } from './children.ts';
import { bench, loadCore } from './paths.ts';

export interface Load {
  method?: string;
  /** Several are asked for in turn. */
  targets: string[];
  bodyBytes?: number;
  depth?: number;
  browser?: boolean;
  /** A client waits from one millisecond to this many before it asks again; missing: it doesn't wait. */
  pauseMs?: number;
  connections: number;
  seconds: number;
  /** A command that runs the command in its arguments. */
  launcher?: string[];
}

export interface Told {
  requests: number;
  seconds: number;
  /** Microseconds. */
  p50: number;
  p99: number;
  /** Connections and requests that failed, answers other than 2xx and 3xx. */
  errors: number;
}

/** Reads the line that wrk.lua prints. */
export function parse(output: string): Told {
  const line = output.split('\n').find((text) => text.startsWith('{'));
  if (!line) throw new Error(`wrk said: ${output.trim().slice(0, 300) || 'nothing'}`);
  const { requests, microseconds, p50, p99, connect, read, write, status, timeout } = JSON.parse(line);
  return {
    requests,
    seconds: microseconds / 1e6,
    p50,
    p99,
    errors: connect + read + write + status + timeout,
  };
}

export async function load(port: number, wanted: Load): Promise<Told> {
  const {
    method = 'GET',
    targets,
    bodyBytes = 0,
    depth = 1,
    browser = false,
    pauseMs = 0,
    launcher = [],
    connections,
    seconds,
  } = wanted;
  const options = ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', join(bench, 'load/wrk.lua')];
  const script = [
    '--',
    method,
    targets.join(),
    String(bodyBytes),
    String(depth),
    String(pauseMs),
    String(browser),
  ];
  const child = startOn(
    String(loadCore),
    [...launcher, 'wrk', ...options, `http://127.0.0.1:${port}`, ...script],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  child.stdout!.on('data', (text) => (output += text));
  child.stderr!.on('data', (text) => (output += text));
  await new Promise((resolve, reject) => {
    child.once('close', resolve);
    child.once('error', reject);
  });
  return parse(output);
}
