// An upgraded connection of which one side has ended: how long the other may be silent.
import type { Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Client, open } from './client.ts';
import { type EdgeServed, startEdgeDoor } from './start.ts';
import { startUpstream, type Upstream } from './upstream.ts';

const agreeing = 'HTTP/1.1 101 Fine\r\nConnection: upgrade\r\nUpgrade: chat/2\r\n\r\n';

let upstream: Upstream;
let server: EdgeServed;
beforeAll(async () => {
  upstream = await startUpstream();
  server = await startEdgeDoor({ routes: `/ = ${upstream.url}\n\n[/]\nidle_timeout = 60s\n` });
});
afterAll(async () => {
  await server.close(1000);
  await upstream.close();
});

/** Both ends of a new one, and when it was made. */
async function tunnel(): Promise<{ client: Client; remote: Socket; begun: number }> {
  let remote!: Socket;
  upstream.onHead = (socket) => {
    remote = socket;
    socket.resume().write(agreeing);
  };
  const client = await open(server.port, { allowHalfOpen: true });
  const asking = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: chat/2\r\n\r\n';
  await client.send(asking).interim();
  return { client, remote, begun: performance.now() };
}

test('it is cut after 10 s of silence, far sooner than at idle_timeout', { timeout: 50_000 }, async () => {
  const byClient = await tunnel();
  const byUpstream = await tunnel();
  const speaking = await tunnel();
  const whole = await tunnel();
  byClient.client.half();
  byUpstream.remote.end();
  speaking.client.half();
  setTimeout(() => speaking.remote.write('still here'), 5000);
  const isClosed = (socket: Socket) => new Promise((resolve) => socket.once('close', resolve));
  const ends = [byClient.client.closed(), isClosed(byUpstream.remote), speaking.client.closed()];
  const took = await Promise.all(
    ends.map((end, i) => end.then(() => since([byClient, byUpstream, speaking][i]))),
  );
  for (const ms of took) {
    expect(ms).toBeGreaterThan(9900);
    expect(ms).toBeLessThan(40_000);
  }
  expect(took[2]).toBeGreaterThan(14_800);
  expect(whole.remote.readableEnded).toBe(false);
  whole.client.reset();
  await expect.poll(() => whole.remote.readableEnded).toBe(true);
});

const since = ({ begun }: { begun: number }): number => performance.now() - begun;
