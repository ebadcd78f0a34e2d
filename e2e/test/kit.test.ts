// The test kits say of a response what the server makes of it: here is the server's half. The kits' halves, with the
// same library, are packages/abi-headers/test/kits.test.ts.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ask } from '../support/client.ts';
import { compile } from '../support/library.ts';
import { type Server, start, stopAll } from '../support/server.ts';

const source = join(import.meta.dirname, '../../packages/abi-headers/test/fixtures/kit/executor.c');

let server: Server;
beforeAll(async () => {
  server = await start(`/ = ${compile(readFileSync(source, 'utf8'))}\n`);
});
afterAll(stopAll);

it.each([
  ['/name', 500, 'text/plain', 'Internal Server Error\n'],
  ['/value', 500, 'text/plain', 'Internal Server Error\n'],
  ['/status', 500, 'text/plain', 'Internal Server Error\n'],
  ['/null', 500, 'text/plain', 'Internal Server Error\n'],
  ['/html', 200, 'text/html', 'hello\n'],
  ['/length', 200, 'text/plain', 'hello\n'],
  ['/empty', 204, undefined, ''],
])('%s: %i', async (path, status, type, body) => {
  const answer = await ask(server.port, path);
  expect([answer.status, answer.headers['content-type'], answer.body.toString()]).toEqual([
    status,
    type,
    body,
  ]);
});
