import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { ask, keepAlive, text } from '../support/client.ts';
import { answerOf, install, numbered } from '../support/library.ts';
import { type Server, start, stopAll, temporaryFolder } from '../support/server.ts';

afterEach(stopAll);

const gate = join(temporaryFolder(), 'gate');
const build = numbered(gate);

async function serve(env: NodeJS.ProcessEnv = {}): Promise<{ server: Server; library: string }> {
  const library = join(temporaryFolder(), 'lib.so');
  install(library, build(1));
  const server = await start(`/ = ${library}\n`, env);
  expect(await text(server.port, '/')).toBe(answerOf(1));
  return { server, library };
}

const answers = (server: Server, n: number) =>
  expect.poll(() => text(server.port, '/'), { timeout: 5000, interval: 10 }).toBe(answerOf(n));

it('lets a call end in its generation while two newer ones come, then unloads it', async () => {
  const { server, library } = await serve({ SERVER_THREAD_COUNT: '2' });
  const blocked = ask(server.port, '/block');
  await sleep(100);
  install(library, build(2));
  await answers(server, 2);
  install(library, build(3));
  await answers(server, 3);
  await expect.poll(() => server.resources().copies, { timeout: 2000 }).toBe(2); // generations 1 and 3
  writeFileSync(gate, '');
  expect((await blocked).body.toString()).toBe(answerOf(1));
  await expect.poll(() => server.resources().copies, { timeout: 2000 }).toBe(1);
  expect(server.stderr().filter((line) => /error|warning/.test(line))).toEqual([]);
});

it('takes 200 builds under the load of 64 connections', async () => {
  const { server, library } = await serve();
  await sleep(300);
  const before = server.resources();
  const builds = 200;
  let ending = false;
  let requests = 0;
  const connections = await Promise.all(Array.from({ length: 64 }, () => keepAlive(server.port)));
  const load = connections.map(async (connection) => {
    let last = 0;
    while (!ending) {
      const { status, body } = await connection.get('/');
      expect(status).toBe(200);
      const number = Number(/^build-(\d{5})$/.exec(body)?.[1]);
      expect(number).toBeGreaterThanOrEqual(last);
      last = number;
      requests += 1;
    }
    return last;
  });
  for (let n = 2; n <= builds; n++) {
    install(library, build(n));
    if (n % 10 === 0) await answers(server, n);
    else await sleep(20); // overtaken, most of them
  }
  const written = performance.now();
  await answers(server, builds);
  expect(performance.now() - written).toBeLessThan(1000);
  ending = true;
  const last = await Promise.all(load);
  expect(Math.min(...last)).toBeGreaterThan(1);
  for (const connection of connections) connection.close();
  expect(requests).toBeGreaterThan(1000);
  expect(server.stderr().filter((line) => /error|warning/.test(line))).toEqual([]);
  const generations = server.stderr().filter((line) => line.includes('serves')).length;
  expect(generations).toBeGreaterThan(10);
  await expect.poll(() => server.resources(), { timeout: 5000 }).toEqual(before);
});

it('ignores a touch, tells half a file once, and takes it back', async () => {
  const { server, library } = await serve();
  await expect.poll(() => server.stderr().at(-1)).toMatch('generation 1 serves');
  const lines = server.stderr().length;
  utimesSync(library, new Date(), new Date(Date.now() + 5000));
  await sleep(500);
  expect(server.stderr()).toHaveLength(lines);

  const whole = readFileSync(library);
  writeFileSync(library, whole.subarray(0, whole.length >> 1));
  await expect.poll(() => server.stderr().length, { timeout: 3000 }).toBe(lines + 1);
  await sleep(1500);
  expect(server.stderr().slice(lines)).toEqual([expect.stringMatching(/^error: .*lib\.so: is cut short/)]);
  expect(await text(server.port, '/')).toBe(answerOf(1));

  writeFileSync(library, whole);
  await sleep(500);
  expect(await text(server.port, '/')).toBe(answerOf(1));
  expect(server.stderr()).toHaveLength(lines + 1);
  install(library, build(2));
  await answers(server, 2);
});

it('removes what a killed server left', async () => {
  const runDirectory = temporaryFolder();
  const { server } = await serve({ FLEXILIB_RUN_DIR: runDirectory });
  const maps = readFileSync(`/proc/${server.pid}/maps`, 'utf8');
  const copy =
    maps
      .split('\n')
      .find((line) => line.includes(runDirectory))
      ?.split(/\s+/)[5] ?? '';
  expect(existsSync(copy)).toBe(true);
  const { pid } = server;
  process.kill(pid, 'SIGSTOP'); // which would clean up after itself
  server.signal('SIGKILL');
  process.kill(pid, 'SIGKILL');
  expect(await server.exit).toBe('SIGKILL');
  expect(existsSync(copy)).toBe(true);
  const next = await serve({ FLEXILIB_RUN_DIR: runDirectory });
  expect(existsSync(copy)).toBe(false);
  next.server.signal('SIGTERM');
  expect(await next.server.exit).toBe(0);
});
