import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { ask, text } from '../support/client.ts';
import { crashingAlways, saying } from '../support/library.ts';
import { steadyLoad } from '../support/load.ts';
import { isAlive, lines } from '../support/processes.ts';
import { run, start, stopAll, temporaryFolder } from '../support/server.ts';

afterEach(stopAll);

const steady = saying('steady');
const crashing = crashingAlways();
const readText = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : '');

describe('upgrade', () => {
  it('starts the installed files without losing a request', async () => {
    const folder = temporaryFolder();
    const server = await start(`/ = ${steady}\n`, { FLEXILIB_RUN_DIR: folder });
    const load = steadyLoad(server.port);
    await load.more(1000);
    const { pid } = server;
    const { code, stderr } = await run(['upgrade'], { FLEXILIB_RUN_DIR: folder });
    expect([code, stderr]).toEqual([0, `server ${server.supervisor}: the installed files serve\n`]);
    expect(server.pid).not.toBe(pid);
    await load.more(10_000);
    await expect.poll(() => isAlive(pid), { timeout: 3000 }).toBe(false);
    await load.stop();
    expect([load.wrong, load.refused, load.lost]).toEqual([[], [], []]);
  });

  it('that fails changes nothing, and says so', async () => {
    const folder = temporaryFolder();
    const server = await start(`/ = ${steady}\n`, { FLEXILIB_RUN_DIR: folder });
    writeFileSync(server.config, 'nonsense\n');
    const { pid } = server;
    const { code, stderr } = await run(['upgrade', `${server.supervisor}`], { FLEXILIB_RUN_DIR: folder });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^error: server \d+: the upgrade failed, the processes before it go on; its log says why\n$/,
    );
    expect(lines(server, /^error: .*proxy\.ini:1: /)).toHaveLength(1);
    expect(
      lines(
        server,
        /^error: the upgrade failed, process \d+ could not start; the processes before it go on$/,
      ),
    ).toHaveLength(1);
    expect(server.pid).toBe(pid);
    expect(await text(server.port, '/')).toBe('steady');
  });

  it('comes after a process that is starting already', async () => {
    const folder = temporaryFolder();
    const server = await start(`/crash = ${crashing}\n/ = ${steady}\n`, { FLEXILIB_RUN_DIR: folder });
    const { pid } = server;
    expect((await ask(server.port, '/crash')).status).toBe(502);
    await expect.poll(() => lines(server, /is replaced/).length, { interval: 1 }).toBe(1);
    const successor = () => server.pids().some((other) => other !== pid);
    await expect.poll(successor, { interval: 1 }).toBe(true);
    writeFileSync(server.config, `/new = ${steady}\n`);
    server.signal('SIGUSR2');
    const outcome = () => readdirSync(folder).map((name) => readText(join(folder, name, 'upgrade')));
    await expect.poll(outcome, { timeout: 5000 }).toEqual(['ok\n']);
    await expect.poll(() => server.pids().length, { timeout: 5000 }).toBe(1); // those before have gone
    expect((await ask(server.port, '/new')).status).toBe(200);
  });

  it('says when it finds no server, or several', async () => {
    const folder = temporaryFolder();
    const none = await run(['upgrade'], { FLEXILIB_RUN_DIR: folder });
    expect(none.code).toBe(2);
    expect(none.stderr).toMatch(/^error: no server with a supervisor runs here; .*FLEXILIB_RUN_DIR/);
    expect(await run(['upgrade'], { FLEXILIB_RUN_DIR: join(folder, 'nowhere') })).toEqual(none);
    const servers = await Promise.all(
      [1, 2].map(() => start(`/ = ${steady}\n`, { FLEXILIB_RUN_DIR: folder })),
    );
    const several = await run(['upgrade'], { FLEXILIB_RUN_DIR: folder });
    expect(several.code).toBe(2);
    for (const { supervisor } of servers) expect(several.stderr).toMatch(`${supervisor}`);
  });
});

describe('WORKERS', () => {
  it('serve on one socket, share the CPUs, and are replaced one by one', async () => {
    const server = await start(`/ = ${steady}\n`, { WORKERS: '3' });
    const pids = server.pids();
    expect(pids).toHaveLength(3);
    const load = steadyLoad(server.port, { connections: 48 });
    await load.more(20_000);
    const worked = pids.map((pid) => Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[13]));
    for (const ticks of worked) expect(ticks).toBeGreaterThan(0);
    process.kill(pids[1], 'SIGKILL');
    await load.more(20_000);
    await load.stop();
    expect([load.wrong, load.refused]).toEqual([[], []]);
    expect(server.pids()).toEqual(expect.arrayContaining([pids[0], pids[2]]));
    expect(server.pids()).toHaveLength(3);
    server.signal('SIGTERM');
    expect(await server.exit).toBe(0);
  });
});

describe('the service manager', () => {
  /** As systemd starts a service: the listener is descriptor 3, LISTEN_PID is the process, NOTIFY_SOCKET is a socket. */
  it.each([[[]], [['--no-supervisor']]])(
    'hands its socket over, and hears when it is served: %j',
    async (args) => {
      const folder = temporaryFolder();
      writeFileSync(join(folder, 'proxy.ini'), `/ = ${steady}\n`);
      const program = join(folder, 'service-manager');
      const source = join(import.meta.dirname, '../support/service-manager.c');
      execFileSync('zig', ['cc', source, '-o', program], { stdio: 'inherit' });
      const command = join(import.meta.dirname, '../../apps/server/bin/flexilib.cjs');
      const manager = spawn(program, [folder, process.execPath, command, ...args], { cwd: folder });
      let err = '';
      manager.stderr.on('data', (data) => {
        err += data;
      });
      await expect.poll(() => err, { timeout: 5000 }).toMatch(/^READY=1$/m);
      const port = Number(/^port (\d+)$/m.exec(err)![1]);
      expect(err).toMatch(`listening on http://127.0.0.1:${port}\n`);
      expect(await text(port, '/')).toBe('steady');
      manager.stdin.end(); // stop
      await once(manager, 'close');
      const told = err.split('\n').filter((line) => /^(READY|STOPPING|exit)/.test(line));
      expect(told).toEqual(['READY=1', ...(args.length > 0 ? [] : ['STOPPING=1']), 'exit 0']);
    },
  );
});

it('leaves nothing behind', async () => {
  const folder = temporaryFolder();
  const server = await start(`/ = ${steady}\n`, { FLEXILIB_RUN_DIR: folder, WORKERS: '2' });
  expect(await text(server.port, '/')).toBe('steady');
  expect(readdirSync(folder)).toHaveLength(1);
  const pids = server.pids();
  server.signal('SIGTERM');
  expect(await server.exit).toBe(0);
  expect(readdirSync(folder)).toEqual([]);
  expect(pids.filter(isAlive)).toEqual([]);
});

it('waits for the library that is told to end, and not for a silent connection', async () => {
  const server = await start(`/ = ${steady}\n`);
  const silent = connect(server.port, '127.0.0.1');
  await once(silent, 'connect');
  server.signal('SIGTERM');
  expect(await Promise.race([server.exit, sleep(3000, 'late')])).toBe(0);
  silent.destroy();
});
