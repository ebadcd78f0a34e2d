import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { text } from '../support/client.ts';
import { install, numbered } from '../support/library.ts';
import { type Server, start, stopAll, temporaryFolder } from '../support/server.ts';

afterEach(stopAll);

const says = (word: string) => `/ = return 200 ${word}\n`;
const bad = 'nonsense\n';
const linesOf = (server: Server, pattern: RegExp) => server.stderr().filter((line) => pattern.test(line));
const reloads = (server: Server) => linesOf(server, /: reloaded, /).length;
const refusals = (server: Server) => linesOf(server, /: not reloaded, 1 error/).length;

/** A folder as a kubelet makes it of a ConfigMap: proxy.ini -> ..data/proxy.ini, ..data -> ..2026_… */
function configMap(first: string) {
  const folder = temporaryFolder();
  let version = 0;
  let old: string | null = null;
  function put(config: string): void {
    const name = `..2026_11_26_10_00_00.${++version}`;
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'proxy.ini'), config);
    symlinkSync(name, join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    if (old) rmSync(join(folder, old), { recursive: true });
    old = name;
  }
  put(first);
  symlinkSync('..data/proxy.ini', join(folder, 'proxy.ini'));
  return { file: join(folder, 'proxy.ini'), put };
}

it('follows a ConfigMap with all its processes, and past a bad one', async () => {
  const map = configMap(says('one'));
  const server = await start({ file: map.file }, { WORKERS: '3' }, ['--watch']);
  expect(await text(server.port, '/')).toBe('one');
  map.put(says('two'));
  await expect.poll(() => reloads(server)).toBe(1);
  await everyAnswerIs(server, 'two');
  map.put(bad);
  await expect.poll(() => refusals(server)).toBe(1);
  expect(linesOf(server, /proxy\.ini:1: /)).toHaveLength(1);
  await everyAnswerIs(server, 'two');
  map.put(says('three'));
  await expect.poll(() => reloads(server)).toBe(2);
  await everyAnswerIs(server, 'three');
  map.put(says('three')); // other files, the same bytes
  map.put(says('four'));
  await expect.poll(() => reloads(server)).toBe(3);
  await everyAnswerIs(server, 'four');
  expect(refusals(server)).toBe(1);
});

it('goes on in a successor, which does not tell of a bad file again', async () => {
  const map = configMap(says('one'));
  const server = await start({ file: map.file }, {}, ['--watch']);
  map.put(bad);
  await expect.poll(() => refusals(server)).toBe(1);
  await successor(server, () => process.kill(server.pid, 'SIGTERM'));
  expect(await text(server.port, '/')).toBe('one');
  map.put(says('two'));
  await expect.poll(() => reloads(server)).toBe(1);
  await successor(server, () => process.kill(server.pid, 'SIGTERM'));
  expect(await text(server.port, '/')).toBe('two');
  map.put(says('three'));
  await expect.poll(() => reloads(server)).toBe(2);
  expect(refusals(server)).toBe(1);
});

it('has a change that came while nobody looked', async () => {
  const map = configMap(says('one'));
  const server = await start({ file: map.file }, {}, ['--watch']);
  await successor(server, () => {
    process.kill(server.pid, 'SIGSTOP');
    map.put(says('two'));
    process.kill(server.pid, 'SIGKILL');
  });
  await expect.poll(() => reloads(server)).toBe(1);
  expect(await text(server.port, '/')).toBe('two');
});

it('hears writes in place, renames and a file that goes and comes, without a supervisor too', async () => {
  for (const args of [['--watch'], ['--watch', '--no-supervisor']]) {
    const server = await start(says('one'), {}, args);
    writeFileSync(server.config, says('two'));
    await expect.poll(() => reloads(server)).toBe(1);
    expect(await text(server.port, '/')).toBe('two');
    writeFileSync(`${server.config}.new`, says('three'));
    renameSync(`${server.config}.new`, server.config);
    await expect.poll(() => reloads(server)).toBe(2);
    expect(await text(server.port, '/')).toBe('three');
    rmSync(server.config);
    await expect.poll(() => linesOf(server, /^warning: .*proxy\.ini: is gone/).length).toBe(1);
    expect(await text(server.port, '/')).toBe('three');
    writeFileSync(server.config, says('four'));
    await expect.poll(() => reloads(server)).toBe(3);
    expect(await text(server.port, '/')).toBe('four');
  }
});

it('does nothing twice for a HUP that comes with a change, and nothing by itself without --watch', async () => {
  const watching = await start(says('one'), {}, ['--watch']);
  writeFileSync(watching.config, says('two'));
  watching.signal('SIGHUP');
  await expect.poll(() => reloads(watching)).toBe(1);
  const still = await start(says('one'));
  writeFileSync(still.config, says('two'));
  const later = await start(says('one'), {}, ['--watch']); // what it hears, the others would have heard before
  writeFileSync(later.config, says('two'));
  await expect.poll(() => reloads(later)).toBe(1);
  expect(reloads(watching)).toBe(1);
  expect(await text(still.port, '/')).toBe('one');
});

it('keeps libraries loaded that a change does not concern', async () => {
  const library = join(temporaryFolder(), 'a.so');
  install(library, numbered()(1));
  const server = await start(`/ = ${library}\n`, {}, ['--watch']);
  await text(server.port, '/');
  writeFileSync(server.config, `/x = return 204\n/ = ${library}\n`);
  await expect.poll(() => reloads(server)).toBe(1);
  await text(server.port, '/');
  expect(linesOf(server, /a\.so: generation/)).toHaveLength(1);
});

/** Of a server with several processes any may answer. */
async function everyAnswerIs(server: Server, word: string): Promise<void> {
  await expect
    .poll(async () => [
      ...new Set(await Promise.all(Array.from({ length: 12 }, () => text(server.port, '/')))),
    ])
    .toEqual([word]);
}

async function successor(server: Server, cause: () => void): Promise<void> {
  const serves = () => linesOf(server, /^process \d+ serves, after/).length;
  const before = serves();
  cause();
  await expect.poll(serves, { timeout: 10_000 }).toBe(before + 1);
}
