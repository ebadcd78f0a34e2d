// Real libraries that crash, in one process and in several: what serves then, and what is told.
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type FlexilibError, monotonicNow, Outcome, type Runtime, startRuntime } from '@flexilib/native';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  createLoader,
  type Generation,
  type Loader,
  openRunDirectory,
  type RunDirectory,
} from '../src/index.ts';
import { build, temporaryFolder } from './library.ts';

/** Answers with the text, and crashes for «/crash». */
const fragile = (text: string, more = '') => `#include "flexilib.h"
${more}
static flexilib_response response = {.ptr = "${text}", .len = ${text.length}};
flexilib_response *handle_request(flexilib_request *request) {
  if (request->target_len == 6) *(volatile int *)8 = 1;
  return &response;
}
`;
const folder = temporaryFolder();
const [one, two, three] = ['one', 'two', 'three'].map((text) =>
  build(join(folder, `${text}.so`), fragile(text)),
);

/** One process of a server, as far as the loader knows. */
interface Process {
  loader: Loader;
  runDirectory: RunDirectory;
  log: string[];
  seen: string[];
}

let runtime: Runtime;
let shared: string;
let path: string;
let processes: Process[];
let first: Process;

const install = (from: string) => {
  writeFileSync(`${path}.next`, readFileSync(from));
  renameSync(`${path}.next`, path);
};

async function begin(env: NodeJS.ProcessEnv = { FLEXILIB_SHARED_DIR: shared }): Promise<Process> {
  const runDirectory = await openRunDirectory(env);
  const log: string[] = [];
  const seen: string[] = [];
  const loader = createLoader({
    runtime,
    runDirectory,
    onSeen: (_path, hash) => hash && seen.push(hash),
    onLoaded: (_path, { number, older }) => log.push(`loaded ${number}${older ? ', older' : ''}`),
    onFailed: (_path, error) => log.push(error.message),
    onHealth: (_path, text, worse) => log.push(`${worse ? 'error' : 'info'}: ${text}`),
    onUnwanted: () => {},
    onProblem: (_path, text) => log.push(text),
  });
  const process = { loader, runDirectory, log, seen };
  processes.push(process);
  return process;
}

function call(generation: Generation, target: string): Promise<{ crashed: boolean; text: string }> {
  const call = runtime.acquireCall();
  call.ownBytes().write(`GET${target}`, 'latin1');
  call.setAnswer(0, 0, false);
  call.setHead(0, 3, 3, target.length, 0);
  return new Promise((resolve) => {
    runtime.submit(call, generation.library, monotonicNow() + 1000, false, () => {
      const crashed = call.outcome === Outcome.crashed;
      resolve({ crashed, text: call.outcome === Outcome.ok ? call.copyBody().toString() : '' });
      runtime.releaseCall(call);
    });
  });
}

/** What a request gets: the answer, «crashed» or the code of the refusal. */
async function ask({ loader }: Process, target = '/'): Promise<string> {
  const executor = loader.executor(path);
  let generation: Generation;
  try {
    generation = await executor.acquire();
  } catch (error) {
    return `${(error as FlexilibError).code} ${executor.retryAfter}`;
  }
  const { crashed, text } = await call(generation, target);
  if (crashed) executor.crashed(generation);
  generation.release();
  return crashed ? 'crashed' : text;
}

async function crash(process: Process, times: number): Promise<void> {
  for (let i = 0; i < times; i++) expect(await ask(process, '/crash')).toBe('crashed');
}

/** The new bytes serve. */
async function refresh(process: Process, from: string): Promise<void> {
  install(from);
  await process.loader.executor(path).refresh();
}

const told = ({ log }: Process) => log.filter((line) => !line.startsWith('loaded'));

beforeAll(() => {
  runtime = startRuntime({ threads: 2, arenaReserve: 8192, onLog() {}, onDamage() {} });
});
afterAll(() => runtime.stop());
beforeEach(async () => {
  processes = [];
  shared = temporaryFolder();
  path = join(temporaryFolder(), 'lib.so');
  install(one);
  first = await begin();
});
afterEach(async () => {
  for (const { loader } of processes) await loader.close();
  expect(mapped()).toEqual([]);
  for (const { runDirectory } of processes) await end(runDirectory);
});

const mapped = () =>
  readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .filter((line) => line.includes('lib.so'));

async function end(runDirectory: RunDirectory): Promise<void> {
  const names =
    runDirectory.path !== null && existsSync(runDirectory.path) ? readdirSync(runDirectory.path) : [];
  expect(names.filter((name) => name !== 'lock')).toEqual([]);
  await runDirectory.close();
}

describe('a build that crashes five times', () => {
  const back = 'error: generation 2 crashed 5 times in 10 s; back to generation 1 until a new build comes';

  beforeEach(async () => {
    expect(await ask(first)).toBe('one');
    await refresh(first, two);
    await crash(first, 4);
    expect(await ask(first)).toBe('two');
  });

  it('is left for the one before it', async () => {
    await crash(first, 1);
    expect(await Promise.all([ask(first), ask(first)])).toEqual(['one', 'one']);
    expect(first.log).toEqual(['loaded 1', 'loaded 2', back, 'loaded 3, older']);
    expect(first.loader.executor(path).current?.older).toBe(true);
  });

  it('stays left when its bytes come again', async () => {
    await crash(first, 1);
    await refresh(first, two);
    utimesSync(path, 1, 1);
    await first.loader.executor(path).refresh();
    expect(await ask(first)).toBe('one');
    expect(first.log).toHaveLength(4);
    expect(new Set(first.seen.slice(1)).size).toBe(1); // the file's bytes, not those that serve
  });

  it('gives way to a new one at once, which can go back to the same', async () => {
    await crash(first, 1);
    expect(await ask(first)).toBe('one');
    await refresh(first, three);
    expect(await ask(first)).toBe('three');
    expect(readdirSync(join(shared, 'health'))).toEqual([]);
    await crash(first, 5);
    expect(await ask(first)).toBe('one');
    expect(told(first)).toEqual([
      back,
      'error: generation 4 crashed 5 times in 10 s; back to generation 3 until a new build comes',
    ]);
  });

  it('gets a new chance after the earlier one was built again', async () => {
    await crash(first, 1);
    expect(await ask(first)).toBe('one');
    await refresh(first, one);
    expect(await ask(first)).toBe('one');
    expect(first.log).toHaveLength(4);
    await refresh(first, two);
    expect(await ask(first)).toBe('two');
    await crash(first, 5);
    expect(await ask(first)).toBe('one');
  });

  it('is told once, and what is inside counts for nothing', async () => {
    const executor = first.loader.executor(path);
    const inside = await Promise.all(Array.from({ length: 20 }, () => executor.acquire()));
    await Promise.all(inside.map((generation) => call(generation, '/crash')));
    for (const generation of inside.slice(0, 10)) executor.crashed(generation);
    expect(await ask(first)).toBe('one');
    for (const generation of inside.slice(10)) executor.crashed(generation);
    expect(inside[0].inFlight).toBe(20);
    for (const generation of inside) generation.release();
    await inside[0].gone;
    expect(await ask(first)).toBe('one');
    expect(first.log.slice(2)).toEqual([back, 'loaded 3, older']);
  });

  it('is not loaded by a successor, which finds the one before it and tells nothing', async () => {
    await crash(first, 1);
    await first.loader.close();
    const next = await begin();
    expect(await ask(next)).toBe('one');
    expect(next.log).toEqual(['loaded 1, older']);
    await crash(next, 5);
    expect(await ask(next)).toBe('FL_LIBRARY_OUT 1');
    expect(told(next)).toEqual([
      expect.stringMatching(/^error: generation 1 crashed 5 times in 10 s; taken out for 1 s/),
    ]);
    await refresh(next, three);
    expect(await ask(next)).toBe('three');
  });

  it('does so over all processes, and a sibling that hears of it late follows', async () => {
    const sibling = await begin();
    expect(await ask(sibling)).toBe('two');
    await crash(sibling, 1);
    expect(told(sibling)).toEqual([
      'error: generation 1 crashed 5 times in 10 s; back to the build before it until a new build comes',
    ]);
    expect(await ask(sibling)).toBe('one');
    expect(await ask(first)).toBe('two');
    await crash(first, 1);
    expect(await ask(first)).toBe('one');
    expect(told(first)).toEqual([]);
  });

  it('is given up by a sibling when it looks, though the one before it is out too', async () => {
    const sibling = await begin();
    expect(await ask(sibling)).toBe('two');
    await crash(first, 6); // the last five are the earlier build's
    expect(await ask(first)).toBe('FL_LIBRARY_OUT 1');
    expect(await ask(sibling)).toBe('two');
    await sibling.loader.executor(path).refresh();
    expect(await ask(sibling)).toBe('FL_LIBRARY_OUT 1');
    expect(sibling.log).toEqual(['loaded 1']);
  });

  it('is taken out when the one before it is gone', async () => {
    await crash(first, 1);
    await ask(first);
    await first.loader.close();
    rmSync(join(shared, 'kept'), { recursive: true });
    const next = await begin();
    expect(await ask(next)).toBe('FL_LIBRARY_OUT 1');
    expect(next.log).toEqual([
      expect.stringMatching(/^error: .* the build before it is gone; taken out for 1 s/),
    ]);
    await sleep(1050);
    expect(await ask(next)).toBe('two');
  });
});

describe('without a build to go back to', () => {
  const out = (which: string, times: string, seconds: number) =>
    `error: generation ${which} crashed ${times}; taken out for ${seconds} s: its routes answer 503 until then, or until a new build comes`;

  beforeEach(() => crash(first, 5));

  it('is out for a second, then tried again with one strike, then out for two', async () => {
    const executor = first.loader.executor(path);
    expect(executor.current).toBeNull();
    expect(await ask(first)).toBe('FL_LIBRARY_OUT 1');
    await sleep(1050);
    expect(await ask(first)).toBe('one');
    await crash(first, 1);
    expect(await ask(first)).toBe('FL_LIBRARY_OUT 2');
    await sleep(1050);
    expect(await ask(first)).toBe('FL_LIBRARY_OUT 1');
    await sleep(1000);
    expect(await ask(first)).toBe('one');
    expect(first.log).toEqual([
      'loaded 1',
      out('1', '5 times in 10 s', 1),
      'info: tried again after 1 s',
      'loaded 2',
      out('2', 'again', 2),
      'info: tried again after 2 s',
      'loaded 3',
    ]);
  });

  it('comes back with a new build at once, as good as new', async () => {
    await refresh(first, two);
    expect(await ask(first)).toBe('two');
    await crash(first, 4);
    expect(await ask(first)).toBe('two');
    await crash(first, 1);
    expect(told(first).at(-1)).toBe(out('2', '5 times in 10 s', 1)); // what was out is not gone back to
  });

  it('is past with a new build, though that one crashes too', async () => {
    await refresh(first, two);
    await refresh(first, three);
    await crash(first, 5);
    expect(await ask(first)).toBe('two');
  });

  it('stays out with the same bytes, or with broken ones', async () => {
    await refresh(first, one);
    expect(await ask(first)).toMatch('FL_LIBRARY_OUT');
    writeFileSync(path, 'broken');
    await first.loader.executor(path).refresh();
    expect(await ask(first)).toMatch('FL_LIBRARY_OUT');
    expect(first.log.slice(2)).toEqual([expect.stringMatching('is no ELF file')]);
  });

  it('is out for a successor too, which knows the file', async () => {
    const next = await begin();
    expect(await ask(next)).toBe('FL_LIBRARY_OUT 1');
    expect(next.log).toEqual([]);
    expect(next.seen).toEqual(first.seen);
    await refresh(next, two);
    expect(await ask(next)).toBe('two');
  });
});

it('isn’t struck by who was inside before it was taken out, in whatever process', async () => {
  const sibling = await begin();
  expect(await ask(sibling)).toBe('one');
  await crash(first, 5);
  await sleep(1050);
  expect(await ask(first)).toBe('one');
  await crash(sibling, 1);
  expect(await ask(first)).toBe('one');
  expect(await ask(sibling)).toBe('one');
  expect([told(first).length, sibling.log]).toEqual([2, ['loaded 1', 'loaded 2']]);
});

it('forgets a library that no route names', async () => {
  await crash(first, 1);
  const { gone } = first.loader.executor(path).current!;
  first.loader.keepOnly(new Set());
  await gone;
  expect([readdirSync(join(shared, 'health')), readdirSync(join(shared, 'kept'))]).toEqual([[], []]);
});

it('stages what it goes back to beside the original, where its neighbours are', async () => {
  const home = join(path, '..');
  build(join(home, 'libneighbour.so'), 'const char *neighbour(void) { return "hi"; }');
  const more = 'const char *neighbour(void);\nvoid request_deinit(void) { neighbour(); }';
  const flags = [`-L${home}`, '-lneighbour', '-Wl,-rpath,$ORIGIN'];
  const near = ['near', 'far'].map((text) => build(join(home, `${text}.so`), fragile(text, more), flags));
  install(near[0]);
  expect(await ask(first)).toBe('near');
  await refresh(first, near[1]);
  await crash(first, 5);
  expect(await ask(first)).toBe('near');
});

it('goes on, and tells it once, when nothing can be written', async () => {
  expect(await ask(first)).toBe('one');
  for (const name of ['health', 'kept']) {
    rmSync(join(shared, name), { recursive: true });
    writeFileSync(join(shared, name), '');
    chmodSync(join(shared, name), 0o400);
  }
  await refresh(first, two);
  await crash(first, 5);
  expect(await ask(first)).toBe('FL_LIBRARY_OUT 1');
  expect(told(first)).toEqual([
    expect.stringMatching(/^its crashes or its last good build can't be remembered: /),
    expect.stringMatching(/taken out for 1 s/),
  ]);
  expect(existsSync(path)).toBe(true);
});

it('knows no build before in memory', async () => {
  const bare = await begin({ FLEXILIB_RUN_DIR: '/proc/nowhere' });
  expect(await ask(bare)).toBe('one');
  await refresh(bare, two);
  await crash(bare, 5);
  expect(await ask(bare)).toBe('FL_LIBRARY_OUT 1');
  await refresh(bare, three);
  expect(await ask(bare)).toBe('three');
});
