// FlexiLib under a mixed load while its library is swapped once a second: what does it hold on to?
import { copyFileSync, readFileSync, renameSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { flexilib } from '../peers/flexilib/peer.ts';
import { buildTwo } from './build.ts';
import { type Machine, machine } from './machine.ts';
import type { Options } from './options.ts';
import { scratch } from './paths.ts';
import { type Holdings, holdings } from './processes.ts';
import { type Server, startServer } from './server.ts';
import { load } from './wrk.ts';

const REQUESTS = 20_000_000;
const FIRST_MS = 60_000;
const SWAP_MS = 1000;
const SETTLE_MS = 3000;
/** Between these the log is emptied: a disk is finite. */
const SLICE_SECONDS = 5;

export interface Soak {
  machine: Machine;
  requests: number;
  failed: number;
  minutes: number;
  /** Builds that were written over the library, and those that the server says it has served. */
  swaps: number;
  generations: number;
  first: Holdings;
  last: Holdings;
  /** A run so short that there was no first minute: what it holds is still growing, and nobody's concern. */
  short: boolean;
}

const server = flexilib(
  { name: 'flexilib-soak', title: 'FlexiLib', note: '' },
  ['/x', '/json', '/echo', '/'],
  ['/x'],
);

/** Writes one build after the other over the library, by rename, until it is told to end; gives how many there were. */
function swapping(library: string, builds: string[], before: number): () => number {
  let swaps = before;
  const timer = setInterval(() => {
    copyFileSync(builds[swaps % builds.length]!, `${library}.new`);
    renameSync(`${library}.new`, library);
    swaps += 1;
  }, SWAP_MS);
  return () => {
    clearInterval(timer);
    return swaps;
  };
}

async function slice(port: number, seconds: number): Promise<{ requests: number; errors: number }> {
  const [gets, posts] = await Promise.all([
    load(port, { targets: ['/x', '/json', '/build'], connections: 48, seconds }),
    load(port, { method: 'POST', targets: ['/echo'], bodyBytes: 4096, connections: 16, seconds }),
  ]);
  return { requests: gets.requests + posts.requests, errors: gets.errors + posts.errors };
}

async function atRest(running: Server): Promise<Holdings> {
  await sleep(SETTLE_MS);
  return holdings(running.pids());
}

function generations(running: Server): number {
  const said = readFileSync(join(running.folder, 'stderr.log'), 'utf8');
  return said.match(/generation \d+ serves/g)?.length ?? 0;
}

export async function runSoak(options: Options): Promise<Soak> {
  const wanted = options.requests ?? REQUESTS;
  const [one, two] = await buildTwo();
  const library = join(scratch, 'libsoak.so');
  copyFileSync(one, library);
  const running = await startServer(server, { library });
  const began = performance.now();
  const result = { machine: machine(), requests: 0, failed: 0, minutes: 0, swaps: 0 };
  let first: Holdings | undefined;
  let short = false;
  try {
    while (result.requests < wanted) {
      const end = swapping(library, [two, one], result.swaps);
      const { requests, errors } = await slice(running.port, SLICE_SECONDS).finally(() => {
        result.swaps = end();
      });
      truncateSync(join(running.folder, 'stdout.log'));
      result.requests += requests;
      result.failed += errors;
      const elapsed = performance.now() - began;
      const millions = (result.requests / 1e6).toFixed(2);
      console.error(`${(elapsed / 60_000).toFixed(1)} min: ${millions} M requests, ${result.failed} failed`);
      if (first) continue;
      short = elapsed < FIRST_MS;
      if (!short || result.requests >= wanted) first = await atRest(running);
    }
    const last = await atRest(running);
    const minutes = Number(((performance.now() - began) / 60_000).toFixed(1));
    return { ...result, minutes, generations: generations(running), first: first!, last, short };
  } finally {
    await running.stop();
  }
}
