// A thousand WebSockets stay through what happens to the server beside them.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { text } from '../support/client.ts';
import { answerOf, install, numbered } from '../support/library.ts';
import { start, stopAll, temporaryFolder } from '../support/server.ts';
import { startUpstream, stopUpstreams } from '../support/upstream.ts';
import { openWebSocket, type WebSocketClient } from '../support/websocket.ts';

const clients: WebSocketClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await stopAll();
  await stopUpstreams();
});

const COUNT = 1000;
/** Opened at a time. */
const SOME = 100;
const build = numbered();

it(`${COUNT} WebSockets echo through a reload and a new build of another route's library`, async () => {
  const upstream = await startUpstream();
  const library = join(temporaryFolder(), 'lib.so');
  install(library, build(1));
  const url = `http://127.0.0.1:${upstream.port}`;
  const config = `/lib = ${library}\n/ = ${url}\n`;
  const server = await start(config);
  expect(await text(server.port, '/lib')).toBe(answerOf(1));
  expect(await text(server.port, '/steady')).toBe('steady');
  const { pid } = server;
  const resident = () => Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4;
  const lines = (pattern: RegExp) => server.stderr().filter((line) => pattern.test(line));

  const before = resident();
  const { descriptors } = server.resources();
  for (let i = 0; i < COUNT; i += SOME)
    clients.push(
      ...(await Promise.all(Array.from({ length: SOME }, () => openWebSocket(server.port, '/socket')))),
    );
  const echo = (what: string) => Promise.all(clients.map((client, i) => client.echo(`${what} ${i}`)));
  await echo('opened');
  console.log(`RSS a connection: ${((resident() - before) / COUNT).toFixed(1)} KiB`);

  // The same upstream; a new one beside it; none of them any more: who is connected stays.
  const configs = [
    `/new = ${library}\n${config}`,
    `${config}[/]\nretries = 1\n`,
    `/lib = ${library}\n`,
    config,
  ];
  for (const [i, next] of configs.entries()) {
    writeFileSync(server.config, next);
    server.signal('SIGHUP');
    await expect.poll(() => lines(/reloaded/).length, { timeout: 5000 }).toBe(i + 1);
    await echo(`reloaded ${i}`);
  }

  for (let n = 2; n <= 4; n++) {
    install(library, build(n));
    await expect.poll(() => text(server.port, '/lib'), { timeout: 5000, interval: 20 }).toBe(answerOf(n));
    await echo(`build ${n}`);
  }

  expect(clients.filter(({ closed }) => closed)).toEqual([]);
  expect(server.pid).toBe(pid);
  expect(lines(/^(error|warning)/)).toEqual([]);
  for (const client of clients.splice(0)) client.close();
  // Each had two of them.
  await expect
    .poll(() => server.resources().descriptors, { timeout: 10_000 })
    .toBeLessThanOrEqual(descriptors + 4);
});
