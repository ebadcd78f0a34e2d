// Clients that don't take large answers: what is held for all of them together has an end, and others are told so.
import { expect, it } from 'vitest';
import { ask, type Client, open } from '../client.ts';
import type { StartServer } from './served.ts';
import { countCalls, head, useServer } from './use-server.ts';

const SIZE = 200_000_000;
const CLIENTS = 3;

export function full(start: StartServer): void {
  const server = useServer(start);

  it('answers 503 while clients have left more than 512 MiB untaken, and goes on then', async () => {
    const calls = await countCalls(server);
    const clients: Client[] = [];
    for (let i = 0; i < CLIENTS; i++) {
      const client = await open(server.port, { paused: true });
      clients.push(client.send(head('GET', `/big/${SIZE}`)));
      await expect.poll(() => server.held().bytes, { timeout: 10_000 }).toBeGreaterThan((i + 0.9) * SIZE);
    }

    for (const request of [head('GET', '/x'), `${head('POST', '/echo', 'Content-Length: 4')}body`]) {
      const refused = await ask(server.port, request);
      expect(refused.status).toBe(503);
      expect(refused.fields).toContainEqual(['retry-after', '1']);
    }

    for (const { socket } of clients) socket.destroy();
    await expect.poll(async () => (await ask(server.port, head('GET', '/x'))).status).toBe(200);
    expect((await countCalls(server)) - calls).toBe(CLIENTS + 1); // the last one, and never a refused one
  });
}
