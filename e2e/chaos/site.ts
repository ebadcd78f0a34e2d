// The server, its libraries and its configuration.
import { join } from 'node:path';
import { compile, install, NONBLOCKING, numbered, saying } from '../support/library.ts';
import { type Server, start, temporaryFolder } from '../support/server.ts';

export const values = ['alpha', 'beta'] as const;
export type Value = (typeof values)[number];

export interface Site {
  server: Server;
  runDirectory: string;
  /** Puts a build in the place of the one before it. */
  build(n: number): void;
  /** The configuration with that library at /toggled. */
  config(value: Value): string;
}

const inline = (text: string) => saying(text, NONBLOCKING);

/** /…/now ends badly, anything else doesn't. */
const bad = (how: string) =>
  compile(`#include <string.h>
    flexilib_response *handle_request(flexilib_request *request) {
      static flexilib_response response = {.ptr = "alive", .len = 5};
      if (request->target_len > 4 && !memcmp(request->target + request->target_len - 4, "/now", 4)) { ${how} }
      return &response;
    }`);

export async function openSite(workers: number): Promise<Site> {
  const runDirectory = temporaryFolder();
  const swapped = join(temporaryFolder(), 'swapped.so');
  const bytesOf = numbered();
  const build = (n: number) => install(swapped, bytesOf(n));
  build(1);
  const steady = inline('steady');
  const toggled = { alpha: inline('alpha'), beta: inline('beta') };
  // A library each, since one that crashes is taken out.
  const places = ['pool', 'inline'];
  const crashing = places.map((place) => [`/crash/${place}`, place, bad('*(volatile int *)8 = 1;')]);
  const looping = places.map((place) => [
    `/loop/${place}`,
    place,
    bad('for (volatile int on = 1; on;) continue;'),
  ]);
  const damaged = [...crashing, ...looping];
  const config = (value: Value) =>
    [
      `/steady = ${steady}`,
      `/swapped = ${swapped}`,
      `/toggled = ${toggled[value]}`,
      ...damaged.map(([path, , library]) => `${path} = ${library}`),
      ...damaged.map(([path, place]) => `[${path}]\nrun = ${place}\ntimeout = 400ms`),
      '',
    ].join('\n');
  const env = { FLEXILIB_RUN_DIR: runDirectory, WORKERS: `${workers}` };
  return { server: await start(config('alpha'), env), runDirectory, build, config };
}
