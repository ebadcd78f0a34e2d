import { openListener, type Runtime } from '@flexilib/native';
import { describe, expect, it } from 'vitest';
import { createEdgeDoor } from '../src/door.ts';
import { createNodeDoor } from '../src/node-door.ts';
import { open } from './client.ts';
import { collectLines } from './lines.ts';
import { head } from './suite/use-server.ts';

describe.each([
  ['node:http', createNodeDoor],
  ['the edge', createEdgeDoor],
])('%s', (_name, make) => {
  function start(faults: string[] = []) {
    const runtime = {
      threads: 1,
      acquireCall() {
        throw new RangeError('out of memory');
      },
    } as unknown as Runtime;
    return make({
      runtime,
      routes: () => ({ find: () => undefined }),
      limits: { header: 5000, idle: 5000, send: 5000 },
      body: { max: 1000, timeout: 5000 },
      maxQueue: 1,
      trusted: [],
      maxConnections: 10,
      onFault: (path, text) => faults.push(`${path}: ${text}`),
      log: collectLines(() => {}),
    });
  }

  it('cuts the connection, tells why and goes on when the server itself fails', async () => {
    const faults: string[] = [];
    const door = start(faults);
    const { fd, port } = await openListener('127.0.0.1', 0);
    door.listen([fd]);
    for (let i = 1; i <= 2; i++) {
      const client = await open(port);
      expect(await client.send(head('GET', '/').repeat(3)).closed()).toBe('');
      expect(faults).toHaveLength(i);
      expect(faults[0]).toMatch(/^http: RangeError: out of memory\n {4}at /);
    }
    await door.close(0);
  });
});
