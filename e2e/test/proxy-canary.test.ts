// A canary has its share whichever way its requests, and the others, take through the server.
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { ask, keepAlive } from '../support/client.ts';
import { answerOf, install, numbered } from '../support/library.ts';
import { start, stopAll, temporaryFolder } from '../support/server.ts';
import { startUpstream, stopUpstreams } from '../support/upstream.ts';

const REQUESTS = 400;
/** Of half of them the standard deviation is 10: six of them are beyond chance. */
const STRAY = 60;

const library = join(temporaryFolder(), 'lib.so');
let url: string;
beforeAll(async () => {
  install(library, numbered()(1));
  url = `http://127.0.0.1:${(await startUpstream()).port}`;
});
afterAll(stopUpstreams);
afterEach(stopAll);

// Bodies that are taken whole are not for the edge; a library's requests are.
it.each([
  ['the upstream is the canary', () => [library, url]],
  ['the library is the canary', () => [url, library]],
])('on new connections, when %s', async (_, targets) => {
  const [stable, canary] = targets();
  const options = `[/]\ncanary = ${canary}\ncanary_weight = 50%\nbuffering = both\n`;
  const { port } = await start(`/loaded = ${library}\n/ = ${stable}\n${options}`);
  await ask(port, '/loaded'); // until then its requests aren't for the edge either
  let ofUpstream = 0;
  for (let i = 0; i < REQUESTS; i++) {
    const body = String((await ask(port, '/')).body);
    if (body === 'steady') ofUpstream += 1;
    else expect(body).toBe(answerOf(1));
  }
  expect(Math.abs(ofUpstream - REQUESTS / 2)).toBeLessThan(STRAY);
});

it('on one connection, request by request', async () => {
  const options = `[/]\ncanary = ${url}\ncanary_weight = 50%\n`;
  const { port } = await start(`/ = ${library}\n${options}`);
  const connection = await keepAlive(port);
  let ofUpstream = 0;
  for (let i = 0; i < REQUESTS; i++) if ((await connection.get('/')).body === 'steady') ofUpstream += 1;
  connection.close();
  expect(Math.abs(ofUpstream - REQUESTS / 2)).toBeLessThan(STRAY);
});
