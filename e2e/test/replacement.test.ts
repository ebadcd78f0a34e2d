import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { ask, keepAlive, text } from '../support/client.ts';
import { compile, crashingAlways, saying } from '../support/library.ts';
import { steadyLoad } from '../support/load.ts';
import { isAlive, lines, processes } from '../support/processes.ts';
import { start, stopAll, temporaryFolder } from '../support/server.ts';

afterEach(stopAll);

const steady = saying('steady');
const crashing = crashingAlways();

describe('a serving process that is killed', () => {
  it('costs the connections inside it, and nobody is refused', async () => {
    const server = await start(`/ = ${steady}\n`);
    const load = steadyLoad(server.port, { connections: 64 });
    await load.more(5000);
    for (let i = 0; i < 3; i++) {
      await sleep(600); // after one that was well the next one starts at once
      const { pid } = server;
      const killed = performance.now();
      process.kill(pid, 'SIGKILL');
      expect(await text(server.port, '/')).toBe('steady'); // connects while nobody accepts
      expect(performance.now() - killed).toBeLessThan(500);
      expect(server.pid).not.toBe(pid);
      await load.more(5000);
    }
    await load.stop();
    expect([load.wrong, load.refused]).toEqual([[], []]);
    expect(load.lost.length).toBeLessThanOrEqual(3 * 64);
    expect(
      lines(server, /^error: process \d+ was killed by signal 9 \(Killed\); another takes its place$/),
    ).toHaveLength(3);
  });

  it('is killed by the supervisor when its loop does not turn', async () => {
    const server = await start(`/ = ${steady}\n[/]\nrun = pool\n`);
    expect(await text(server.port, '/')).toBe('steady');
    const { pid } = server;
    process.kill(pid, 'SIGSTOP');
    expect(await text(server.port, '/')).toBe('steady');
    expect(isAlive(pid)).toBe(false);
    expect(lines(server, new RegExp(`^error: process ${pid} does not answer: killed$`))).toHaveLength(1);
  });

  it('is not killed while its loop is in a call that may go on', async () => {
    const slow = compile(`#include <unistd.h>
      static flexilib_response response = {.ptr = "slow", .len = 4};
      flexilib_response *handle_request(flexilib_request *request) { (void)request; sleep(4); return &response; }`);
    const server = await start(`/ = ${slow}\n[/]\nrun = inline\n`);
    const { pid } = server;
    expect(await text(server.port, '/')).toBe('slow');
    expect(server.pid).toBe(pid);
  });

  it('is not started again and again at once when it dies at once', async () => {
    const server = await start(`/ = ${steady}\n`);
    const begun = performance.now();
    for (let i = 0; i < 5; i++) {
      const { pid } = server;
      process.kill(pid, 'SIGKILL');
      await expect
        .poll(() => server.pids().filter((other) => other !== pid), { timeout: 3000, interval: 5 })
        .toHaveLength(1);
    }
    expect(performance.now() - begun).toBeGreaterThan(0 + 100 + 200 + 400 + 800);
    expect(await text(server.port, '/')).toBe('steady');
  });
});

describe('a process that has contained a crash', () => {
  it('is replaced, and finishes what it has', async () => {
    const server = await start(`/crash = ${crashing}\n/ = ${steady}\n`);
    const kept = await keepAlive(server.port);
    expect(await kept.get('/')).toEqual({ status: 200, body: 'steady' });
    const { pid } = server;
    const load = steadyLoad(server.port);
    await load.more(100);
    expect((await ask(server.port, '/crash')).status).toBe(502);
    await expect
      .poll(() => lines(server, new RegExp(`; process ${pid} finishes what it has$`)).length, {
        timeout: 10_000,
      })
      .toBe(1);
    expect(await kept.get('/')).toEqual({ status: 200, body: 'steady' }); // its connection is still there
    await load.more(10_000);
    await expect.poll(() => isAlive(pid), { timeout: 3000 }).toBe(false); // the last one is gone
    await load.stop();
    expect([load.wrong, load.refused, load.lost]).toEqual([[], [], []]);
    expect(lines(server, /is replaced/)).toEqual([
      `warning: process ${pid} is replaced: it has contained a crash of ${crashing}`,
    ]);
  });

  it('leaves within ten seconds though a client stays', async () => {
    const server = await start(`/crash = ${crashing}\n/ = ${steady}\n`);
    const kept = await keepAlive(server.port);
    await kept.get('/');
    const { pid } = server;
    expect((await ask(server.port, '/crash')).status).toBe(502);
    await expect.poll(() => lines(server, /finishes what it has$/).length, { timeout: 10_000 }).toBe(1);
    await sleep(7500);
    expect(isAlive(pid)).toBe(true);
    await expect.poll(() => isAlive(pid), { timeout: 4000 }).toBe(false);
  });

  it('hands the configuration in force on, whatever the file says', async () => {
    const server = await start(`/crash = ${crashing}\n/ = ${steady}\n`);
    writeFileSync(server.config, 'nonsense\n');
    const { pid } = server;
    expect((await ask(server.port, '/crash')).status).toBe(502);
    await expect.poll(() => server.pid !== pid && !isAlive(pid), { timeout: 5000 }).toBe(true);
    expect(await text(server.port, '/')).toBe('steady');
    writeFileSync(server.config, `/new = ${steady}\n`);
    server.signal('SIGHUP');
    await expect.poll(() => lines(server, /reloaded, 1 route$/).length).toBe(1);
    process.kill(server.pid, 'SIGKILL');
    expect((await ask(server.port, '/new')).status).toBe(200);
    expect((await ask(server.port, '/')).status).toBe(404);
  });
});

describe('a process that takes another’s place', () => {
  it('goes on with the file when a cleaner has removed the copy of the configuration', async () => {
    const folder = temporaryFolder();
    const server = await start(`/ = ${steady}\n`, { FLEXILIB_RUN_DIR: folder });
    rmSync(join(folder, readdirSync(folder)[0], 'proxy.ini'));
    process.kill(server.pid, 'SIGKILL');
    expect(await text(server.port, '/')).toBe('steady');
  });

  it.skipIf(process.getuid!() !== 0)(
    'takes no configuration from where another user has put one',
    async () => {
      const folder = temporaryFolder();
      const server = await start(`/ = ${steady}\n`, { FLEXILIB_RUN_DIR: folder });
      const shared = join(folder, readdirSync(folder)[0]);
      rmSync(shared, { recursive: true }); // by a cleaner
      mkdirSync(shared);
      writeFileSync(join(shared, 'proxy.ini'), `/ = ${saying('evil')}\n`);
      const victim = join(folder, 'victim');
      writeFileSync(victim, 'as it was');
      const links = ['1-lib.so.beside', 'upgrade.new', `proxy.ini.${server.pid}`];
      for (const name of links) symlinkSync(victim, join(shared, name));
      for (const name of [shared, join(shared, 'proxy.ini')]) chownSync(name, 65534, 65534);
      const theirs = readdirSync(shared);
      server.signal('SIGHUP');
      await expect.poll(() => lines(server, /reloaded, 1 route$/).length).toBe(1);
      expect(lines(server, /will not know of this reload: .* is gone, or another user's$/)).toHaveLength(1);
      process.kill(server.pid, 'SIGKILL');
      expect(await text(server.port, '/')).toBe('steady');
      expect(lines(server, /copies of libraries live in memory: .* is another user's$/)).toHaveLength(1);
      const { pid } = server;
      server.signal('SIGUSR2'); // whose outcome is a file in there
      await expect.poll(() => isAlive(pid), { timeout: 5000 }).toBe(false);
      server.signal('SIGTERM');
      await server.exit;
      expect(readdirSync(shared)).toEqual(theirs);
      expect(readFileSync(victim, 'utf8')).toBe('as it was');
    },
  );

  it('comes too when one is told to end, and nobody waits', async () => {
    const server = await start(`/ = ${steady}\n`);
    const { pid } = server;
    const load = steadyLoad(server.port);
    await load.more(1000);
    process.kill(pid, 'SIGTERM');
    await expect.poll(() => lines(server, /is replaced: it was told to end by SIGTERM$/).length).toBe(1);
    await load.more(10_000);
    await expect.poll(() => isAlive(pid), { timeout: 5000 }).toBe(false);
    await load.stop();
    expect([load.wrong, load.refused, load.lost]).toEqual([[], [], []]);
    expect(load.slowest).toBeLessThan(1000);
  });

  it('comes again when the first one could not start', async () => {
    const server = await start(`/crash = ${crashing}\n/ = ${steady}\n`);
    const { pid } = server;
    expect((await ask(server.port, '/crash')).status).toBe(502);
    const others = () => server.pids().filter((other) => other !== pid);
    await expect.poll(others, { timeout: 5000, interval: 2 }).toHaveLength(1);
    process.kill(others()[0], 'SIGKILL'); // while it starts
    await expect.poll(() => isAlive(pid), { timeout: 8000 }).toBe(false);
    expect(await text(server.port, '/')).toBe('steady');
  });
});

it('leaves no socket to what libraries start', async () => {
  const starting = compile(`#include <stdlib.h>
    static flexilib_response response = {.ptr = "done", .len = 4};
    flexilib_response *handle_request(flexilib_request *request) {
      (void)request;
      return system("setsid sleep 31.125 >/dev/null 2>&1 </dev/null &") == 0 ? &response : NULL; }`);
  const server = await start(`/ = ${starting}\n`);
  expect(await text(server.port, '/')).toBe('done');
  await expect.poll(() => processes('31.125').length).toBe(1);
  const [pid] = processes('31.125');
  const open = () => readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  await expect.poll(() => open().filter((to) => to.startsWith('socket:'))).toEqual([]); // once its shell has gone
  process.kill(pid, 'SIGKILL');
});

it('ends what libraries have left running, and nothing that was there before', async () => {
  const forking = compile(`#include <fcntl.h>
    #include <unistd.h>
    flexilib_response *handle_request(flexilib_request *request) {
      int end[2]; char none;
      if (pipe(end) != 0 || fcntl(end[1], F_SETFD, FD_CLOEXEC) != 0) return NULL;
      if (fork() == 0) { setsid(); execlp("sleep", "sleep", "31.375", NULL); _exit(1); }
      close(end[1]);
      if (read(end[0], &none, 1) != 0) return NULL; /* it is sleep by now */
      *(volatile int *)0 = 1;
      return (flexilib_response *)request; }`);
  const file = join(temporaryFolder(), 'proxy.ini');
  writeFileSync(file, `/ = ${forking}\n`);
  const command = join(import.meta.dirname, '../../apps/server/bin/flexilib.cjs');
  const script = 'sleep 31.25 & exec "$@"';
  const shell = spawn('sh', ['-c', script, 'sh', process.execPath, command, '--config', file], {
    env: { ...process.env, HOST: '127.0.0.1', PORT: '0', FLEXILIB_RUN_DIR: temporaryFolder() },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let told = '';
  shell.stderr.on('data', (data) => {
    told += data;
  });
  await expect.poll(() => told, { timeout: 5000 }).toMatch(/^listening on .*:\d+$/m);
  const port = Number(/:(\d+)$/m.exec(told)![1]);
  expect((await ask(port, '/')).status).toBe(502);
  expect(processes('31.375')).toHaveLength(1);
  await expect.poll(() => told, { timeout: 5000 }).toMatch(/finishes what it has/);
  await expect.poll(() => processes('31.375').length, { timeout: 13_000 }).toBe(0);
  expect(processes('31.25').length).toBeGreaterThan(0);
  shell.kill('SIGTERM');
  await once(shell, 'exit'); // the stranger has standard error open
  for (const pid of processes('31.25')) process.kill(pid, 'SIGKILL');
});
