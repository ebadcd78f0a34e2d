import type { Runtime } from '@flexilib/native';
import { expect, it } from 'vitest';
import { createDoor } from '../src/index.ts';
import { open } from './client.ts';
import { head } from './suite/use-server.ts';

it('cuts the connection, tells why and goes on when the server itself fails', async () => {
  const faults: string[] = [];
  const runtime = {
    acquireCall() {
      throw new RangeError('out of memory');
    },
  } as unknown as Runtime;
  const door = createDoor({
    runtime,
    routes: () => ({ find: () => undefined }),
    limits: { header: 5000, idle: 5000, send: 5000 },
    body: { max: 1000, timeout: 5000 },
    maxQueue: 1,
    onFault: (path, text) => faults.push(`${path}: ${text}`),
    onAccess: () => {},
  });
  const { port } = await door.listen(0, '127.0.0.1');
  for (let i = 1; i <= 2; i++) {
    const client = await open(port);
    expect(await client.send(head('GET', '/').repeat(3)).closed()).toBe('');
    expect(faults).toHaveLength(i);
    expect(faults[0]).toMatch(/^http: RangeError: out of memory\n {4}at /);
  }
  await door.close(0);
});

it('rejects when it can’t listen', async () => {
  const options = {} as Parameters<typeof createDoor>[0];
  const door = createDoor({ ...options, limits: { header: 1, idle: 1, send: 1 } });
  await expect(door.listen(0, '192.0.2.1')).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' });
});
