import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import {
  type Call,
  type FlexilibError,
  monotonicNow,
  Outcome,
  type Runtime,
  startRuntime,
} from '@flexilib/native';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  createLoader,
  type Generation,
  type Loader,
  openRunDirectory,
  type RunDirectory,
} from '../src/index.ts';
import { answering, build, temporaryFolder } from './library.ts';

const libraries = temporaryFolder();
const builds = ['one', 'two', 'three'].map((text) => build(join(libraries, `${text}.so`), answering(text)));
const slow = build(
  join(libraries, 'slow.so'),
  answering('slow', '#include <unistd.h>\nvoid request_deinit(void) { usleep(600000); }'),
);
const exiting = build(
  join(libraries, 'exiting.so'),
  answering(
    'exiting',
    '#include <stdlib.h>\n__attribute__((constructor)) static void begin(void) { exit(3); }',
  ),
);
const broken = build(join(libraries, 'broken.so'), 'int nothing(void) { return 1; }');

let runtime: Runtime;
let runDirectory: RunDirectory;
let loader: Loader;
let path: string;
let log: string[];
let seen: string[];

const put = (from: string) => writeFileSync(path, readFileSync(from));
const mapped = () =>
  readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .filter((line) => line.includes('lib.so'));
const kept = () => readdirSync(join(runDirectory.shared!, 'kept')).filter((name) => name !== 'lock');
const copies = () =>
  readdirSync(runDirectory.path!).filter((name) => !['lock', 'health', 'kept'].includes(name));

function begin(directory: RunDirectory): void {
  loader = createLoader({
    runtime,
    runDirectory: directory,
    onSeen: (_path, hash) => hash && seen.push(hash),
    onHealth: (_path, text) => log.push(text),
    onLoaded: (_path, { number }) => log.push(`loaded ${number}`),
    onFailed: (_path, error, serving) => log.push(`${error.code} ${serving?.number ?? 'none'}`),
    onUnwanted: () => log.push('unwanted'),
    onProblem: (_path, text) => log.push(text),
  });
}

/** Calls the generation and releases it. */
function ask(generation: Generation): Promise<string> {
  const call: Call = runtime.acquireCall();
  call.ownBytes().write('GET/', 'latin1');
  call.setAnswer(0, 0, false);
  call.setHead(0, 3, 3, 1, 0);
  return new Promise((resolve) => {
    runtime.submit(call, generation.library, monotonicNow() + 1000, false, () => {
      resolve(call.outcome === Outcome.ok ? call.copyBody().toString() : `outcome ${call.outcome}`);
      runtime.releaseCall(call);
      generation.release();
    });
  });
}
const answer = async () => ask(await loader.executor(path).acquire());

beforeAll(() => {
  runtime = startRuntime({ threads: 2, arenaReserve: 8192, onLog() {}, onDamage() {} });
});
afterAll(() => runtime.stop());
beforeEach(async () => {
  log = [];
  seen = [];
  path = join(temporaryFolder(), 'lib.so');
  runDirectory = await openRunDirectory({ FLEXILIB_RUN_DIR: temporaryFolder() });
  begin(runDirectory);
});
afterEach(async () => {
  await loader.close();
  expect(mapped()).toEqual([]);
  expect(runDirectory.path && copies()).toEqual(runDirectory.path && []);
  await runDirectory.close();
});

describe('the first load', () => {
  it('is shared by requests that come together', async () => {
    put(builds[0]);
    const executor = loader.executor(path);
    const generations = await Promise.all(Array.from({ length: 20 }, () => executor.acquire()));
    expect(new Set(generations).size).toBe(1);
    expect(generations[0].inFlight).toBe(20);
    expect(await Promise.all(generations.map(ask))).toEqual(Array(20).fill('one'));
    expect(generations[0].inFlight).toBe(0);
    expect(log).toEqual(['loaded 1']);
  });

  it('is of no file that would fill the disk', async () => {
    put(builds[0]);
    truncateSync(path, 2 ** 30 + 1);
    await expect(loader.executor(path).acquire()).rejects.toMatchObject({
      code: 'FL_LIBRARY_FORMAT',
      message: `${path}: has more than 1 GiB, which no library has`,
    });
  });

  it('fails for all of them, once in the log, and is tried again a second later', async () => {
    const executor = loader.executor(path);
    const attempt = () => Promise.resolve(executor.acquire()).catch((error: FlexilibError) => error.code);
    expect(await Promise.all([attempt(), attempt()])).toEqual(['FL_LIBRARY_MISSING', 'FL_LIBRARY_MISSING']);
    put(builds[0]);
    expect(await attempt()).toBe('FL_LIBRARY_MISSING');
    await new Promise((resolve) => setTimeout(resolve, 1050));
    expect(await answer()).toBe('one');
    expect(log).toEqual(['FL_LIBRARY_MISSING none', 'loaded 1']);
  });
});

it('tells which bytes it has tried, so that the watcher has them tried once', async () => {
  for (const from of [broken, exiting, builds[0]]) {
    put(from);
    await loader.executor(path).refresh();
  }
  const hashes = [broken, exiting, builds[0]].map((from) =>
    createHash('sha256').update(readFileSync(from)).digest('hex'),
  );
  expect(seen).toEqual(hashes);
});

describe('a refresh', () => {
  beforeEach(async () => {
    put(builds[0]);
    expect(await answer()).toBe('one');
  });

  it('switches to new bytes and unloads the old ones', async () => {
    put(builds[1]);
    await loader.executor(path).refresh();
    expect(await answer()).toBe('two');
    await expect.poll(copies).toHaveLength(1);
    expect(new Set(mapped().map((line) => line.split(' ').at(-1))).size).toBe(1);
  });

  it('does nothing when the bytes are the same', async () => {
    put(builds[0]);
    await loader.executor(path).refresh();
    expect(log).toEqual(['loaded 1']);
    expect(copies()).toHaveLength(1);
  });

  it.each([
    ['half of a file', 'FL_LIBRARY_FORMAT', () => truncateSync(path, readFileSync(path).length >> 1)],
    ['no file', 'FL_LIBRARY_MISSING', () => rmSync(path)],
    ['no executor', 'FL_LIBRARY_SYMBOL', () => put(broken)],
    ['one that ends the process', 'FL_LIBRARY_CRASHED', () => put(exiting)],
  ])('keeps the old one when there is %s', async (_what, code, spoil) => {
    spoil();
    await loader.executor(path).refresh();
    await loader.executor(path).refresh();
    expect(await answer()).toBe('one');
    put(builds[1]);
    await loader.executor(path).refresh();
    expect(await answer()).toBe('two');
    expect(log).toEqual(['loaded 1', `${code} 1`, 'loaded 2']);
  });

  it('lets calls end in the generation they began in', async () => {
    put(slow);
    await loader.executor(path).refresh();
    const first = await loader.executor(path).acquire();
    const ended = ask(first); // request_deinit sleeps: the call stays inside
    put(builds[1]);
    await loader.executor(path).refresh();
    put(builds[2]);
    await loader.executor(path).refresh();
    expect(await answer()).toBe('three');
    expect(first.inFlight).toBe(1);
    expect(await ended).toBe('slow');
    await first.gone;
    expect(copies()).toHaveLength(1);
  });

  it('takes the last bytes when many come at once', async () => {
    const refreshes = [1, 2, 1, 2, 0, 1].map((index) => {
      put(builds[index]);
      return loader.executor(path).refresh();
    });
    await Promise.all(refreshes);
    expect(await answer()).toBe('two');
  });
});

it('retires what no route names', async () => {
  put(builds[0]);
  const generation = await loader.executor(path).acquire();
  loader.keepOnly(new Set([path]));
  expect(log).toEqual(['loaded 1']);
  loader.keepOnly(new Set());
  expect(log).toEqual(['loaded 1', 'unwanted']);
  expect(await ask(generation)).toBe('one');
  await generation.gone;
  expect(mapped()).toEqual([]);
});

it.each([
  ['keepOnly', () => loader.keepOnly(new Set())],
  ['close', () => void loader.close()],
])('tells nothing of a library that loads when it is retired: %s', async (_by, retire) => {
  put(builds[0]);
  const acquired = loader.executor(path).acquire();
  retire();
  const generation = await acquired;
  expect(await ask(generation)).toBe('one');
  expect(seen).toEqual([]);
  expect(kept()).toEqual([]);
  await generation.gone;
});

it('says which library won’t unload, and why', async () => {
  path = join(temporaryFolder(), 'sticky.so');
  build(path, answering('sticky'), ['-Wl,-z,nodelete']);
  const generation = await loader.executor(path).acquire();
  expect(await ask(generation)).toBe('sticky');
  const copy = join(runDirectory.path!, copies()[0]);
  await loader.close();
  expect(log[1]).toMatch("generation 1 can't be unloaded and stays in memory: it is linked with -z nodelete");
  expect(existsSync(copy)).toBe(true);
  rmSync(copy);
});

it('says that a library’s threads keep it', async () => {
  path = join(temporaryFolder(), 'threads.so');
  const thread = `#include <pthread.h>
#include <unistd.h>
static void *work(void *arg) { for (;;) sleep(1000); return arg; }
void flexilib_load(const flexilib_host *h) { (void)h; pthread_t t; pthread_create(&t, NULL, work, NULL); }`;
  build(path, answering('threads', thread));
  expect(await answer()).toBe('threads');
  const copy = join(runDirectory.path!, copies()[0]);
  put(builds[0]);
  await loader.executor(path).refresh();
  expect(await answer()).toBe('one');
  await expect
    .poll(() => log, { timeout: 3000 })
    .toEqual([
      'loaded 1',
      'loaded 2',
      'generation 1 stays in memory: 1 of its threads still runs; flexilib_unload must end and join them',
    ]);
  await loader.close();
  expect(copies().map((name) => join(runDirectory.path!, name))).toEqual([copy]);
  rmSync(copy);
});

describe('a run directory that was cleaned away', () => {
  const gone = () => `${runDirectory.path} is gone, or another user's: copies live in memory from now on`;
  const replaced = ['loaded 1', expect.stringMatching(/is gone/), 'loaded 2'];

  async function replaceLibrary(): Promise<void> {
    put(builds[1]);
    await loader.executor(path).refresh();
    expect(await answer()).toBe('two');
    expect(log.filter((line) => !line.includes("can't be remembered"))).toEqual(replaced);
    expect(log).toContain(gone());
  }

  beforeEach(async () => {
    put(builds[0]);
    expect(await answer()).toBe('one');
    rmSync(runDirectory.path!, { recursive: true });
  });
  // For who looks afterwards.
  afterEach(async () => {
    await loader.close();
    rmSync(runDirectory.path!, { recursive: true, force: true });
    mkdirSync(runDirectory.path!);
  });

  it('isn’t missed', replaceLibrary);

  it.skipIf(process.getuid?.() !== 0)('isn’t used when another user has made one of its name', async () => {
    mkdirSync(runDirectory.path!);
    chownSync(runDirectory.path!, 65534, 65534);
    await replaceLibrary();
  });
});

it('takes no pipe for a library, and waits for none', async () => {
  execFileSync('mkfifo', [path]);
  await expect(answer()).rejects.toMatchObject({
    code: 'FL_LIBRARY_MISSING',
    message: `${path}: is no file`,
  });
  expect(log).toEqual(['FL_LIBRARY_MISSING none']);
}, 5000);

it('finds the neighbours of a library that looks for them beside itself', async () => {
  const folder = temporaryFolder();
  path = join(folder, 'lib.so');
  build(join(folder, 'libneighbour.so'), 'const char *neighbour(void) { return "hi"; }');
  const uses = 'const char *neighbour(void);\nvoid request_deinit(void) { neighbour(); }';
  build(path, answering('near', uses), [`-L${folder}`, '-lneighbour', '-Wl,-rpath,$ORIGIN']);
  expect(await answer()).toBe('near');
  const hidden = () => readdirSync(folder).filter((name) => name.startsWith('.lib.so.flexilib-'));
  expect(hidden()).toHaveLength(1);
  await loader.close();
  expect(hidden()).toEqual([]);
});

it('works in memory where no run directory can be', async () => {
  const nowhere = await openRunDirectory({ FLEXILIB_RUN_DIR: '/proc/nowhere' });
  expect(nowhere.path).toBeNull();
  expect(nowhere.problem).toMatch('ENOENT');
  begin(nowhere);
  for (const [index, text] of ['one', 'two', 'three'].entries()) {
    put(builds[index]);
    await loader.executor(path).refresh();
    expect(await answer()).toBe(text);
    put(exiting); // the probe reaches a copy in memory too
    await loader.executor(path).refresh();
    expect(await answer()).toBe(text);
  }
  expect(log.filter((line) => line.startsWith('FL_'))).toEqual(
    [1, 2, 3].map((n) => `FL_LIBRARY_CRASHED ${n}`),
  );
});
