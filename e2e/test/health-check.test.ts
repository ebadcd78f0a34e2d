// flexilib-health, as a container's health check runs it: alone.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server as NetServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { compile } from '../support/library.ts';
import { freePort, start, stopAll, temporaryFolder } from '../support/server.ts';

const program = join(import.meta.dirname, '../../packages/native/dist/flexilib-health');
const command = join(import.meta.dirname, '../../apps/server/bin/flexilib.cjs');

/** Asks in an environment that has these variables and no others. */
async function check(env: Record<string, string>, ...args: string[]): Promise<[number, string]> {
  const child = spawn(program, args, { env });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data) => {
      said += data;
    });
  const [code] = await once(child, 'close');
  return [code as number, said];
}

const ends: (() => void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) end();
  await stopAll();
});

const config = '/ = return 500\n';

describe('a server', () => {
  it.each([
    ['127.0.0.1', []],
    ['127.0.0.1', ['--no-supervisor']],
    ['0.0.0.0', []],
    ['::1', []],
    ['::', []],
  ])('on %s %j answers, whatever its routes do, and doesn’t once it is stopped', async (HOST, args) => {
    const FLEXILIB_RUN_DIR = temporaryFolder();
    const server = await start(config, { HOST, FLEXILIB_RUN_DIR }, args);
    const address = `${HOST.includes(':') ? `[${HOST}]` : HOST}:${server.port}`;
    expect(await check({ FLEXILIB_RUN_DIR })).toEqual([0, `${address} answers\n`]);
    expect(await check({ RUNTIME_DIRECTORY: `${FLEXILIB_RUN_DIR}:/x` })).toEqual([0, `${address} answers\n`]);
    expect(await check({ TMPDIR: FLEXILIB_RUN_DIR })).toEqual([0, `${address} answers\n`]);
    expect(await check({}, `http://${address}`)).toEqual([0, `http://${address} answers\n`]);
    server.signal('SIGTERM');
    await server.exit;
    expect(server.stdout()[0]).toMatch(/"OPTIONS \* HTTP\/1.1" 200 /);
    expect(await check({ FLEXILIB_RUN_DIR })).toEqual([
      1,
      `error: no server runs: none has a run directory in ${FLEXILIB_RUN_DIR}; FLEXILIB_RUN_DIR must be the server's\n`,
    ]);
    expect(await check({}, address)).toEqual([1, `error: ${address}: Connection refused\n`]);
  });

  it('on a Unix socket of a service manager', async () => {
    const FLEXILIB_RUN_DIR = temporaryFolder();
    const folder = temporaryFolder();
    const path = join(folder, `${'s'.repeat(100 - folder.length)}.sock`); // as long as may be
    writeFileSync(join(folder, 'proxy.ini'), config);
    // The manager waits for the server without turning its loop, and so leaves connections to it.
    const manager = `require('node:net').createServer().listen(${JSON.stringify(path)}, function () {
      const args = ['-c', 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', 'sh', process.execPath, ${JSON.stringify(command)}];
      require('node:child_process').spawnSync('sh', args, { stdio: ['ignore', 'ignore', 'inherit', this._handle.fd] });
    })`;
    const child = spawn(process.execPath, ['-e', manager], {
      cwd: folder,
      env: { ...process.env, FLEXILIB_RUN_DIR },
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    ends.push(() => process.kill(-child.pid!, 'SIGKILL'));
    const [said] = await once(child.stderr, 'data');
    expect(String(said)).toBe(`listening on unix:${path}\n`);
    expect(await check({ FLEXILIB_RUN_DIR })).toEqual([0, `unix:${path} answers\n`]);
  });

  it('that hangs, that was killed, that a new one replaces', async () => {
    const FLEXILIB_RUN_DIR = temporaryFolder();
    const server = await start(config, { FLEXILIB_RUN_DIR });
    server.signal('SIGSTOP'); // the supervisor: else it would replace the process
    const { pid, supervisor } = server;
    process.kill(pid, 'SIGSTOP');
    const [code, said] = await check({ FLEXILIB_RUN_DIR });
    expect([code, said]).toEqual([
      1,
      expect.stringMatching(`^error: 127.0.0.1:${server.port}: no answer within 3\\d{3} ms\n$`),
    ]);
    process.kill(pid, 'SIGKILL');
    process.kill(supervisor, 'SIGKILL');
    await server.exit;
    expect(await check({ FLEXILIB_RUN_DIR })).toEqual([1, expect.stringMatching(/^error: no server runs: /)]);
    const { port } = await start(config, { FLEXILIB_RUN_DIR });
    expect(await check({ FLEXILIB_RUN_DIR })).toEqual([0, `127.0.0.1:${port} answers\n`]);
  });

  it('whose threads are all held answers', async () => {
    const FLEXILIB_RUN_DIR = temporaryFolder();
    const library = compile(`#include <unistd.h>
      flexilib_response *handle_request(flexilib_request *request) {
        for (;;) pause();
        return (flexilib_response *)request;
      }`);
    const server = await start(`/ = ${library}\n`, { FLEXILIB_RUN_DIR, SERVER_THREAD_COUNT: '1' });
    const held = Array.from({ length: 3 }, () => connect(server.port, '127.0.0.1'));
    ends.push(() => {
      for (const socket of held) socket.destroy();
    });
    for (const socket of held) socket.on('error', () => {}).write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await expect.poll(() => server.stderr().join()).toContain('generation 1 serves');
    expect(await check({ FLEXILIB_RUN_DIR })).toEqual([0, `127.0.0.1:${server.port} answers\n`]);
  });

  it('without a run directory is asked by PORT and HOST', async () => {
    const FLEXILIB_RUN_DIR = '/proc/none';
    const server = await start(config, { FLEXILIB_RUN_DIR });
    const PORT = `${server.port}`;
    expect(await check({ FLEXILIB_RUN_DIR, PORT })).toEqual([0, `0.0.0.0:${PORT} answers\n`]);
    expect(await check({ FLEXILIB_RUN_DIR, PORT, HOST: '127.0.0.1' })).toEqual([
      0,
      `127.0.0.1:${PORT} answers\n`,
    ]);
    const [code, said] = await check({ FLEXILIB_RUN_DIR, PORT: `${await freePort()}` });
    expect([code, said]).toEqual([1, expect.stringMatching(/Connection refused; there is no run directory/)]);
  });

  it('of several, each must answer', async () => {
    const FLEXILIB_RUN_DIR = temporaryFolder();
    const servers = [await start(config, { FLEXILIB_RUN_DIR }), await start(config, { FLEXILIB_RUN_DIR })];
    const [code, said] = await check({ FLEXILIB_RUN_DIR });
    expect([code, said.split('\n').sort()]).toEqual([
      0,
      ['', ...servers.map(({ port }) => `127.0.0.1:${port} answers`)].sort(),
    ]);
    const { pid } = servers[0]!;
    servers[0]!.signal('SIGSTOP');
    process.kill(pid, 'SIGSTOP');
    ends.push(() => process.kill(pid, 'SIGKILL')); // it can't do that by itself now
    expect((await check({ FLEXILIB_RUN_DIR }))[0]).toBe(1);
  });
});

describe('what answers', () => {
  async function answering(text: string, end = true): Promise<string> {
    const server: NetServer = createServer((socket: Socket) => {
      socket.on('error', () => {});
      socket.once('data', () => (end ? socket.end(text) : socket.write(text)));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    ends.push(() => server.close());
    return `127.0.0.1:${(server.address() as { port: number }).port}`;
  }

  it.each([
    ['HTTP/1.1 404 Not Found\r\n', 0, 'answers'],
    ['HTTP/1.0 200\r\n', 0, 'answers'],
    ['HTTP/1.1 503 Service Unavailable\r\n\r\n', 1, 'it answers with status 503'],
    ['HTTP/1.1 2000 OK\r\n', 1, 'doesn’t speak'],
    ['HTTP/1.1  20 OK\r\n', 1, 'doesn’t speak'],
    ['HTTP/1.1 +20 OK\r\n', 1, 'doesn’t speak'],
    ['HTTP/2.0 200 OK\r\n', 1, 'doesn’t speak'],
    [`HTTP/1.1 200 ${'x'.repeat(600)}\r\n`, 1, 'doesn’t speak'],
    ['HTTP/1.1 200 OK', 1, 'no answer: the connection was closed'],
    ['', 1, 'no answer: the connection was closed'],
  ])('%j: %i', async (text, status, said) => {
    const [code, line] = await check({}, await answering(text));
    expect([code, line.replace("'", '’')]).toEqual([status, expect.stringContaining(said)]);
  });

  it('half a status line for ever is no answer', async () => {
    const [code, line] = await check({}, await answering('HTTP/1.1 200 O', false));
    expect([code, line]).toEqual([1, expect.stringContaining('no answer within 3')]);
  });
});

describe('the command line', () => {
  it('--help explains', async () => {
    expect(await check({}, '--help')).toEqual([0, expect.stringContaining('flexilib-health ADDRESS')]);
  });

  it.each([['--nope'], ['a', 'b']])('%s is wrong usage', async (...args) => {
    expect(await check({}, ...args)).toEqual([2, expect.stringContaining('--help shows the usage')]);
  });

  it.each([
    '',
    'localhost:80',
    '127.0.0.1',
    '127.0.0.1:',
    '127.0.0.1:0',
    '127.0.0.1:65536',
    '127.0.0.1: 80',
    '::1:80',
    '[127.0.0.1]:80',
    '127.0.0.1:80x',
    `unix:/${'s'.repeat(200)}`,
  ])('%j is no address', async (address) => {
    expect(await check({}, address)).toEqual([1, expect.stringContaining('is no numeric address')]);
  });

  it('another user’s directory counts for nothing', async () => {
    const FLEXILIB_RUN_DIR = temporaryFolder();
    const folder = join(FLEXILIB_RUN_DIR, 'flexilib-aaaaaa');
    mkdirSync(folder);
    writeFileSync(join(folder, 'address'), '127.0.0.1:1\n');
    writeFileSync(join(folder, 'lock'), '');
    // Nobody holds the lock; and if somebody does, it is the owner who counts.
    expect((await check({ FLEXILIB_RUN_DIR }))[1]).toMatch(/^error: no server runs/);
    const held = ['-n', join(folder, 'lock'), program];
    const env = { FLEXILIB_RUN_DIR };
    expect(spawnSync('flock', held, { env, encoding: 'utf8' }).stderr).toMatch(/^error: 127.0.0.1:1: /);
    if (process.getuid!() !== 0) return; // only root can give it away
    spawnSync('chown', ['65534', folder]);
    expect(spawnSync('flock', held, { env, encoding: 'utf8' }).stderr).toMatch(/^error: no server runs/);
  });
});
