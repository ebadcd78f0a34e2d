// Who reads the log doesn't, or is gone: serving goes on, and so do reloads and the supervisor's work.
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { ask } from '../support/client.ts';
import { install } from '../support/library.ts';
import { childrenOf } from '../support/processes.ts';
import { freePort, temporaryFolder } from '../support/server.ts';
import { ANSWERS, check, configOf, endSites, loadOn, obedient, steady } from './support/site.ts';

const ends: (() => void)[] = [];
afterEach(async () => {
  await endSites();
  for (const end of ends.splice(0)) end();
});

const command = join(import.meta.dirname, '../../apps/server/bin/flexilib.cjs');
const library = obedient();

/** The writing end of a named pipe, and its reading end, of which nothing is read. */
function pipe(): { writer: number; reader: number } {
  const path = join(temporaryFolder(), 'pipe');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return { reader, writer: openSync(path, constants.O_WRONLY) };
}

it.each([
  ['blocked', 'pipe'],
  ['closed', 'pipe'],
  ['blocked', 'socket'],
  ['closed', 'socket'],
] as const)('F35 log pipe closed or blocked: %s, a %s', async (what, kind) => {
  const port = await freePort();
  const folder = temporaryFolder();
  const file = join(folder, 'proxy.ini');
  const config = (more: string) => install(file, Buffer.from(configOf(`/crash = ${library}\n${more}`)));
  config('');
  const pipes = kind === 'pipe' ? [pipe(), pipe()] : [];
  const [out, err] = kind === 'pipe' ? pipes.map(({ writer }) => writer) : (['pipe', 'pipe'] as const);
  const child = spawn(process.execPath, [command, '--config', file], {
    env: { ...process.env, HOST: '127.0.0.1', PORT: `${port}`, FLEXILIB_RUN_DIR: folder },
    stdio: ['ignore', out, err],
  });
  ends.push(() => child.kill('SIGKILL'));
  for (const { writer } of pipes) closeSync(writer);
  const status = (path: string) =>
    ask(port, path).then(
      (response) => response.status,
      () => 0,
    );
  await expect.poll(() => status('/steady'), { timeout: 5000 }).toBe(200);
  if (what === 'closed') {
    for (const { reader } of pipes) closeSync(reader);
    child.stdout?.destroy();
    child.stderr?.destroy();
  } else ends.push(() => pipes.map(({ reader }) => closeSync(reader)));

  const load = loadOn(port, { path: `/steady${'x'.repeat(100)}` }); // 2 MB of lines
  await load.more(ANSWERS);
  // Standard error too: a hundred errors a reload, far more than what a pipe holds.
  for (let i = 0; i < 20; i++) {
    config('nonsense\n'.repeat(100));
    child.kill('SIGHUP');
    await load.more(100);
  }
  config(`/new = ${steady}`);
  child.kill('SIGHUP');
  await expect.poll(() => status('/new'), { timeout: 1000, interval: 10 }).toBe(200);
  // A crash is told and the process replaced, or isn't told and is replaced all the same.
  const [before] = childrenOf(child.pid!);
  expect(await status('/crash')).toBe(502);
  await expect.poll(() => childrenOf(child.pid!).at(-1), { timeout: 5000 }).not.toBe(before);
  await expect
    .poll(() => childrenOf(child.pid!).includes(before), { timeout: 5000, message: 'the old one stays' })
    .toBe(false);
  await load.more(2000);
  check(load);
  child.kill('SIGTERM');
  const code = await new Promise((resolve) => child.once('exit', resolve));
  expect(code).toBe(0);
});
