import { describe, expect, it } from 'vitest';
import { ask, open } from '../client.ts';
import type { StartServer } from './served.ts';
import { head, useServer } from './use-server.ts';

/** The bytes of a response, and what of a request reaches the executor. */
export function answers(start: StartServer): void {
  const server = useServer(start);
  const own = 'content-type: text/plain\r\ncontent-length: 5\r\ndate: DATE\r\n';
  const post = (version: string, ...fields: string[]) =>
    `${[`POST /echo HTTP/${version}`, 'Host: a', 'Content-Length: 5', ...fields].join('\r\n')}\r\n\r\nhello`;

  it.each([
    ['1.1', [], '', false],
    ['1.1', ['Connection: keep-alive'], '', false],
    ['1.1', ['Connection: Upgrade'], '', false],
    ['1.1', ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c'], 'connection: close\r\n', true],
    ['1.1', ['Connection: close'], 'connection: close\r\n', true],
    ['1.1', ['Connection: foo, Close'], 'connection: close\r\n', true],
    ['1.0', [], 'connection: close\r\n', true],
    ['1.0', ['Connection: keep-alive'], 'connection: keep-alive\r\n', false],
  ])('says the same to HTTP/%s with %j but for %j', async (version, fields, connection, closes) => {
    const client = await open(server.port);
    const { raw } = await client.send(post(version, ...fields)).response();
    expect(raw).toBe(`HTTP/1.1 200 OK\r\n${own}${connection}\r\nhello`);
    if (!closes) expect((await client.send(post(version, ...fields)).response()).raw).toBe(raw);
    if (!closes) client.half();
    expect(await client.closed()).toBe('');
  });

  it('hands on names, order and duplicates as sent, without blanks around values', async () => {
    const fields = [
      'X-One:1',
      'hOsT: b.example',
      'x-one: \t 2 \t',
      'X-EMPTY:',
      'Cookie: a=b',
      'x-one: 3',
      'cookie: c',
    ];
    const { body } = await ask(
      server.port,
      `GET /describe?q=%20&r HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n`,
    );
    expect(body.toString('latin1')).toBe(
      'GET /describe?q=%20&r\nX-One:1\nhOsT:b.example\nx-one:2\nX-EMPTY:\nCookie:a=b\nx-one:3\ncookie:c\n0 bytes\n',
    );
  });

  it.each(['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND', 'M-SEARCH'])('hands on %s', async (method) => {
    expect((await ask(server.port, head(method, '/describe'))).body.toString()).toMatch(
      `${method} /describe\n`,
    );
  });

  it('keeps every byte of values, both ways', async () => {
    const all = Array.from({ length: 256 }, (_, code) => code);
    const legal = all.filter((code) => code === 9 || (code >= 32 && code !== 127)); // RFC 9110 5.5
    const value = String.fromCharCode(...legal).trim();
    const { fields, body } = await ask(
      server.port,
      head('GET', '/respond', `r-x: ${value}`, `r-Content-Disposition: ${value}`),
    );
    expect(fields.slice(0, 2)).toEqual([
      ['x', value],
      ['Content-Disposition', value],
    ]);
    expect(body).toHaveLength(0);
    const said = await ask(server.port, head('GET', '/describe', `X: ${value}`));
    expect(said.body.toString('latin1')).toContain(`X:${value}\n`);
  });

  it("sends the executor's fields in order, duplicates included, and none of those that are ours", async () => {
    const given = [
      'B: 1',
      'Set-Cookie: a',
      'connection: close',
      'A: 2',
      'Set-Cookie: b',
      'Date: never',
      'X:',
    ];
    const ours = ['content-length: 77', 'Transfer-Encoding: chunked', 'Keep-Alive: timeout=5', 'Trailer: x'];
    const { raw } = await ask(
      server.port,
      head('GET', '/respond', ...[...given, ...ours].map((field) => `r-${field}`)),
    );
    expect(raw).toBe(
      'HTTP/1.1 200 OK\r\nB: 1\r\nSet-Cookie: a\r\nA: 2\r\nSet-Cookie: b\r\nX: \r\n' +
        'content-type: text/plain\r\ncontent-length: 0\r\ndate: DATE\r\n\r\n',
    );
  });

  it("keeps the executor's content-type, in any case", async () => {
    const { fields } = await ask(server.port, head('GET', '/respond', 'r-Content-TYPE: text/html'));
    expect(fields.filter(([name]) => /^content-type$/i.test(name))).toEqual([['Content-TYPE', 'text/html']]);
  });

  it.each([
    [200, '', 'OK'],
    [0, '', 'OK'],
    [299, '', 'Unknown'],
    [404, '', 'Not Found'],
    [600, '', 'Unknown'],
    [999, '', 'Unknown'],
    [200, 'Très bien', 'Très bien'],
  ])('sends status %i with reason %j as %j', async (status, reason, expected) => {
    const fields = [`x-status: ${status}`, ...(reason ? [`x-reason: ${reason}`] : [])];
    const answer = await ask(server.port, head('GET', '/respond', ...fields));
    expect([answer.status, answer.reason]).toEqual([status || 200, expected]);
  });

  it('answers HEAD with the fields of a GET and no body, and goes on', async () => {
    const client = await open(server.port);
    const { raw } = await client.send(head('HEAD', '/big/77', 'r-x: é')).response({ head: true });
    expect(raw).toBe(
      'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 77\r\ndate: DATE\r\n\r\n',
    );
    const closing = head('HEAD', '/respond', 'r-x: é', 'connection: close');
    expect((await client.send(closing).response({ head: true })).fields[0]).toEqual(['x', 'é']);
    expect(await client.closed()).toBe('');
  });

  it.each([204, 304])('answers a %i without content, and goes on', async (status) => {
    const client = await open(server.port);
    const request = head('POST', '/respond', `x-status: ${status}`, 'r-etag: "a"', 'Content-Length: 5');
    const { raw } = await client.send(`${request}hello`).response();
    expect(raw).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [^\r]+\r\netag: "a"\r\ndate: DATE\r\n\r\n$`));
    expect((await client.send(head('GET', '/echo')).response()).status).toBe(200);
    client.half();
  });

  describe('with a route for one host', () => {
    const host = useServer(start, { routes: 'Host: a.example / = ./lib.so' });
    it.each([
      ['GET /echo HTTP/1.1\r\nHost: a.example\r\n\r\n', 200],
      ['GET http://a.example/echo HTTP/1.1\r\nHost: b.example\r\n\r\n', 200],
      ['GET http://b.example/echo HTTP/1.1\r\nHost: a.example\r\n\r\n', 404],
      ['GET http://u@a.example/echo HTTP/1.1\r\nHost: a.example\r\n\r\n', 400],
    ])('takes the host of the target before Host: %j is %i', async (request, status) => {
      expect((await ask(host.port, request)).status).toBe(status);
    });
  });

  describe('without a route', () => {
    const bare = useServer(start, { routes: '/only = ./lib.so' });
    it.each([
      ['GET', '', 'Not Found\n'],
      ['HEAD', '', ''],
      ['POST', 'hello', 'Not Found\n'],
    ])('answers %s with a 404, and goes on', async (method, body, expected) => {
      const client = await open(bare.port);
      for (let i = 0; i < 2; i++) {
        const request = head(method, '/other', ...(body ? [`Content-Length: ${body.length}`] : [])) + body;
        const { raw } = await client.send(request).response({ head: method === 'HEAD' });
        expect(raw).toBe(
          `HTTP/1.1 404 Not Found\r\ncontent-type: text/plain\r\ncontent-length: 10\r\ndate: DATE\r\n\r\n${expected}`,
        );
      }
      client.half();
      expect(await client.closed()).toBe('');
    });

    it.each([
      ['GET http://other.example:80/only?q HTTP/1.1\r\nHost: a\r\n\r\n', 200],
      ['GET http://other.example/no HTTP/1.1\r\nHost: a\r\n\r\n', 404],
      ['OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', 200],
    ])('routes %j by its path: %i', async (request, status) => {
      expect((await ask(bare.port, request)).status).toBe(status);
    });
  });
}
