// Where every fault happens: libraries that misbehave, and beside them a healthy one under steady load, whose answers
// must be right whatever happens.
import { appendFileSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { ask, type Response } from '../../support/client.ts';
import { compile, install, saying } from '../../support/library.ts';
import { type Load, steadyLoad } from '../../support/load.ts';
import { type Server, start, stopAll, temporaryFolder } from '../../support/server.ts';

/** Where calls run. */
export const modes = ['pool', 'inline'] as const;
export type Mode = (typeof modes)[number];

const CONNECTIONS = 16;
/** Right answers around a fault, and how many of them after it. */
const ANSWERS = 10_000;
const ANSWERS_AFTER = 2000;

/** Compiles a file of this folder. */
export const build = (file: string): string =>
  compile(readFileSync(join(import.meta.dirname, file), 'utf8'), file.replace(/\.c$/, '.so'));

const healthy = readFileSync(saying('steady'));

export interface SceneOptions {
  mode: Mode;
  /** The library, and the routes that it answers. Each has a copy of its own, with other bytes than all the others. */
  library: string | Buffer;
  routes: string[];
  /** Of these routes. */
  timeout?: string;
  /** Between the requests of each connection of the load, in milliseconds. */
  pause?: number;
  /** Lines of [server]. */
  settings?: string;
}

export interface Scene {
  readonly server: Server;
  readonly load: Load;
  /** The path of a route's library. */
  of(route: string): string;
  get(path: string): Promise<Response>;
  /** Lines of standard error. */
  lines(pattern: RegExp): string[];
  /** Settles when there is such a line, the first of which it gives. */
  line(pattern: RegExp, within?: number): Promise<string>;
  /** Settles when another process serves than the given one. */
  replaced(pid: number, within?: number): Promise<void>;
  /**
   * The gate: the load got what it should; deaths: of processes that were meant to die, each of which may cost every
   * connection one answer. Each route's library is mended and answers within a second.
   */
  pass(deaths?: number): Promise<void>;
}

const loads = new Set<Load>();

/** For afterEach. */
export async function endScenes(): Promise<void> {
  for (const load of loads) await Promise.race([load.stop(), sleep(1000)]);
  loads.clear();
  await stopAll();
}

let copies = 0;
/** What follows an ELF file's sections is nobody's business, but makes another build of it. */
function copyOf(library: string | Buffer): string {
  const path = join(temporaryFolder(), 'lib.so');
  if (typeof library === 'string') copyFileSync(library, path);
  else writeFileSync(path, library);
  appendFileSync(path, `copy ${copies++}`);
  return path;
}

export async function openScene({
  mode,
  library,
  routes,
  timeout,
  settings,
  pause = 0,
}: SceneOptions): Promise<Scene> {
  const steady = join(temporaryFolder(), 'steady.so');
  install(steady, healthy);
  const libraries = new Map(routes.map((route) => [route, copyOf(library)]));
  const server = await start(
    [
      `/steady = ${steady}`,
      // The first that fits wins: the longer ones come first.
      ...routes.toSorted((a, b) => b.length - a.length).map((route) => `${route} = ${libraries.get(route)}`),
      `[/steady]\nrun = ${mode}`,
      ...routes.map((route) => `[${route}]\nrun = ${mode}${timeout ? `\ntimeout = ${timeout}` : ''}`),
      ...(settings ? [`[server]\n${settings}`] : []),
    ].join('\n'),
  );
  const load = steadyLoad(server.port, { connections: CONNECTIONS, pause });
  loads.add(load);
  await load.more(1000);
  const lines = (pattern: RegExp) => server.stderr().filter((line) => pattern.test(line));

  return {
    server,
    load,
    of: (route) => libraries.get(route)!,
    get: (path) => ask(server.port, path),
    lines,
    async line(pattern, within = 3000) {
      await expect.poll(() => lines(pattern), { timeout: within, interval: 10 }).not.toEqual([]);
      return lines(pattern)[0];
    },
    async replaced(pid, within = 5000) {
      await expect.poll(() => server.pid, { timeout: within, interval: 10 }).not.toBe(pid);
      // Not at a line's beginning: Rust writes its backtraces piece by piece, and the line may come in between.
      await expect
        .poll(() => lines(new RegExp(`process ${server.pid} serves`)), { timeout: within, interval: 10 })
        .toHaveLength(1);
    },
    async pass(deaths = 0) {
      for (const path of libraries.values()) install(path, healthy);
      const installed = performance.now();
      const mended = (route: string) => {
        const answer = () => ask(server.port, `${route}/mended`).then(({ body }) => body.toString());
        const left = 1000 - (performance.now() - installed);
        return expect.poll(answer, { timeout: left, interval: 10 }).toBe('steady');
      };
      await Promise.all(routes.map(mended));
      await load.more(Math.max(ANSWERS - load.answered, ANSWERS_AFTER));
      expect({ wrong: load.wrong.slice(0, 3), refused: load.refused.slice(0, 3) }).toEqual({
        wrong: [],
        refused: [],
      });
      if (deaths === 0) expect(load.lost).toEqual([]);
      else expect(load.lost.length).toBeLessThanOrEqual(deaths * CONNECTIONS);
    },
  };
}
