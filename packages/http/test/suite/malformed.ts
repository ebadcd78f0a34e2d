import { describe, expect, it } from 'vitest';
import { ask, open } from '../client.ts';
import { badBodies, either, illegal, unparsable } from './no-requests.ts';
import type { StartServer } from './served.ts';
import { countCalls, head, logged, useServer } from './use-server.ts';

const badRequest =
  'HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: 12\r\ndate: DATE\r\n' +
  'connection: close\r\n\r\nBad Request\n';

/** What is no request is answered with a 400 and a close, and never reaches an executor. */
export function malformed(start: StartServer): void {
  const server = useServer(start);

  const cases = (texts: [string, string][], expectedLine: (request: string) => unknown) =>
    it.each(texts)('%s', async (_what, request) => {
      const before = await countCalls(server);
      server.access.length = 0;
      const client = await open(server.port);
      // What follows must not be taken for another request.
      client.send(request).send(head('GET', '/echo?smuggled'));
      expect((await client.response()).raw).toBe(badRequest);
      expect(await client.closed()).toBe('');
      expect(await logged(server, 1)).toEqual([[expectedLine(request), 400]]);
      expect(await countCalls(server)).toBe(before);
    });

  describe('unparsable', () => {
    cases(unparsable, () => null);
  });
  describe('illegal', () => {
    cases(illegal, (request) => (/ HTTP/.test(request) ? /^[^\r]+/.exec(request)![0] : 'GET /echo HTTP/0.9'));
  });
  describe('either', () => {
    cases(either, () => expect.toBeOneOf([null, expect.any(String)]));
  });
  describe('bodies', () => {
    cases(badBodies, () => 'POST /echo HTTP/1.1');
  });

  it.each([...unparsable.slice(0, 4), ...illegal.slice(0, 4)])(
    'answers a request before: %s',
    async (_what, request) => {
      const client = await open(server.port);
      client.send(head('GET', '/sleep/50') + request);
      expect((await client.response()).body.toString()).toBe('/sleep/50\n');
      expect((await client.response()).raw).toBe(badRequest);
      expect(await client.closed()).toBe('');
      expect((await logged(server, 2)).map(([, status]) => status)).toEqual([200, 400]);
    },
  );

  it('says nothing more when the body of a request that was answered is broken', async () => {
    const bare = await start({ routes: '/count = ./lib.so' });
    const client = await open(bare.port);
    // The length makes it a body that is dropped; its end comes too early.
    client.send(head('POST', '/none', 'Content-Length: 10'));
    expect((await client.response()).status).toBe(404);
    client.send('hello').half();
    expect(await client.closed()).toBe('');
    expect(bare.access.map(({ status }) => status)).toEqual([404]);
    await bare.close(0);
  });

  it('ignores what follows a request that ends the connection', async () => {
    const before = await countCalls(server);
    const client = await open(server.port);
    client.send(head('GET', '/echo', 'Connection: close') + head('GET', '/echo').repeat(3));
    expect((await client.response()).status).toBe(200);
    expect(await client.closed()).toBe('');
    expect(await countCalls(server)).toBe(before + 1);
  });

  it.each([
    ['h2c', ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: a']],
    ['websocket', ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: a']],
  ])('answers a request for %s as any other', async (_what, fields) => {
    const body = (await ask(server.port, `${head('POST', '/echo', ...fields, 'Content-Length: 5')}hello`))
      .body;
    expect(body.toString()).toBe('hello');
  });

  it('takes empty lines before a request', async () => {
    expect((await ask(server.port, `\r\n\r\n${head('GET', '/echo')}`)).status).toBe(200);
  });

  it.each(['', 'a:80', '[::1]:80', "a_b.!$&'()*+,;=%20"])('takes Host: %s', async (host) => {
    expect((await ask(server.port, `GET /echo HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).status).toBe(200);
  });

  it('asks no Host of HTTP/1.0', async () => {
    expect((await ask(server.port, 'GET /echo HTTP/1.0\r\n\r\n')).status).toBe(200);
  });
}
