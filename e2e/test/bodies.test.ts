import { createHash, randomFillSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../support/client.ts';
import { compile } from '../support/library.ts';
import { type Server, start, stopAll } from '../support/server.ts';

let server: Server;
beforeAll(async () => {
  const echo = compile(`static _Thread_local flexilib_response response;
    flexilib_response *handle_request(flexilib_request *request) {
      response.ptr = request->content;
      response.len = request->content_len;
      return &response;
    }`);
  server = await start(`/ = ${echo}\n`);
});
afterAll(stopAll);

const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

describe.each([0, 1, 64 << 10, 1 << 20, 16 << 20])('a body of %i bytes comes back intact', (length) => {
  const body = randomFillSync(Buffer.alloc(length));

  it.each([
    ['by Content-Length', undefined],
    ['chunked', Math.max(1, length >> 4)],
  ])('%s', async (_how, chunk) => {
    const response = await ask(server.port, '/', { method: 'POST', body, ...(chunk ? { chunk } : {}) });
    expect(response.status).toBe(200);
    expect(response.body.length).toBe(length);
    expect(digest(response.body)).toBe(digest(body));
  });
});

it('is refused when it is a byte too long', async () => {
  const body = Buffer.alloc((16 << 20) + 1);
  expect((await ask(server.port, '/', { body })).status).toBe(413);
  expect((await ask(server.port, '/', { body, chunk: 1 << 20 })).status).toBe(413);
});
