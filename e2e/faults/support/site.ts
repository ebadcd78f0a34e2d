// A server with a healthy library under steady load, whose answers must be right whatever happens beside it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { compile, NONBLOCKING, saying } from '../../support/library.ts';
import { type Load, type LoadOptions, steadyLoad } from '../../support/load.ts';
import { type Server, start, stopAll } from '../../support/server.ts';

/** Right answers around a fault. */
export const ANSWERS = 10_000;

/** Longer than any fault lasts. */
const HANG_MS = 3000;

/** Answers «steady» on the loop, to whatever is asked. */
export const steady: string = saying('steady', NONBLOCKING);

const executor = join(import.meta.dirname, '../../../packages/http/test/executor.c');
/** Does what the target says: /echo, /sleep/MS, /big/BYTES, /crash, and /count says how often it was called. */
export const obedient = (): string => compile(readFileSync(executor, 'utf8'));

export interface SiteOptions {
  /** Lines of routes, beside that of /steady. */
  routes?: string;
  /** Lines of sections. */
  sections?: string;
  env?: NodeJS.ProcessEnv;
  /** A command that executes the server. */
  through?: string[];
  load?: LoadOptions;
}

export interface Site {
  readonly server: Server;
  readonly load: Load;
  /** The configuration with other routes. */
  config(routes: string, sections?: string): string;
  /** Lines of standard error. */
  lines(pattern: RegExp): string[];
  /** Settles when there are so many of them. */
  told(pattern: RegExp, count?: number, within?: number): Promise<void>;
  /** The gate. lost: connections that may have lost a request. */
  pass(lost?: number): Promise<void>;
}

const loads = new Set<Load>();

export const configOf = (routes: string, sections = ''): string =>
  `/steady = ${steady}\n${routes}\n${sections}\n`;

/** Steady load that ends with the test. */
export function loadOn(port: number, options?: LoadOptions): Load {
  const load = steadyLoad(port, options);
  loads.add(load);
  return load;
}

export async function openSite({
  routes = '',
  sections,
  env,
  through,
  load: how,
}: SiteOptions = {}): Promise<Site> {
  const server = await start(configOf(routes, sections), env, [], through);
  const load = loadOn(server.port, how);
  await load.more(1000);
  const lines = (pattern: RegExp) => server.stderr().filter((line) => pattern.test(line));
  return {
    server,
    load,
    config: configOf,
    lines,
    told: (pattern, count = 1, within = 3000) =>
      expect
        .poll(() => lines(pattern).length, { timeout: within, interval: 10 })
        .toBeGreaterThanOrEqual(count),
    async pass(lost = 0) {
      await load.more(Math.max(ANSWERS - load.answered, 2000));
      check(load, lost);
    },
  };
}

/** What a load got was right. */
export function check(load: Load, lost = 0): void {
  const { wrong, refused } = load;
  expect({ wrong: wrong.slice(0, 3), refused: refused.slice(0, 3) }).toEqual({ wrong: [], refused: [] });
  expect(load.waiting()).toBeLessThan(HANG_MS);
  if (lost === 0) expect(load.lost).toEqual([]);
  else expect(load.lost.length).toBeLessThanOrEqual(lost);
}

/** For afterEach. */
export async function endSites(): Promise<void> {
  await Promise.all([...loads].map((load) => Promise.race([load.stop(), sleep(500)])));
  loads.clear();
  await stopAll();
}
