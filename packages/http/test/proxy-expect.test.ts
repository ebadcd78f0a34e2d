// A client that asks for a 100, and an upstream that answers without one.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { open } from './client.ts';
import { type EdgeServed, startEdgeDoor } from './start.ts';
import { startUpstream, type Upstream } from './upstream.ts';

let upstream: Upstream;
let server: EdgeServed;

beforeEach(async () => {
  upstream = await startUpstream();
});

afterEach(async () => {
  await server.close(1000);
  await upstream.close();
});

const request = 'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok';

test.each([
  [200, (url: string) => url],
  [502, () => 'http://127.0.0.1:1'],
])('the end of the connection is announced with the answer: %i', async (status, target) => {
  server = await startEdgeDoor({ routes: `/ = ${target(upstream.url)}\n` });
  const client = await open(server.port);
  const answer = await client.send(request).message();
  expect(answer.status).toBe(status);
  expect(answer.fields).toContainEqual(['connection', 'close']);
  expect(await client.closed()).toBe('');
});
