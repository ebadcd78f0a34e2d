import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { ask, text } from '../support/client.ts';
import { compile } from '../support/library.ts';
import { type Server, start, stopAll } from '../support/server.ts';

afterEach(stopAll);

const sample = join(import.meta.dirname, '../../examples/sample-zig/dist/libsample.so');

it('lets slow calls delay each other and nothing else', async () => {
  const server = await start(`/ = ${sample}\n`, { SERVER_THREAD_COUNT: '2' });
  await text(server.port, '/');
  const begun = performance.now();
  const ended: number[] = [];
  const slow = Array.from({ length: 4 }, async () => {
    expect(await text(server.port, '/', { headers: { 'x-slow': '2000' } })).toBe('i am slow\n\n');
    ended.push(performance.now() - begun);
  });
  await sleep(200);

  // accept, and a route that needs no thread
  const connected = performance.now();
  await new Promise((resolve) => connect(server.port, '127.0.0.1').on('connect', resolve));
  expect(performance.now() - connected).toBeLessThan(500);
  // HUP
  writeFileSync(server.config, `/more = ${sample}\n/ = ${sample}\n`);
  server.signal('SIGHUP');
  await expect
    .poll(() => server.stderr().some((line) => line.includes('reloaded, 2 routes')), { timeout: 500 })
    .toBe(true);
  expect(performance.now() - begun).toBeLessThan(2000);
  // a request that waits for its turn
  const fast = text(server.port, '/');

  await Promise.all(slow);
  expect(await fast).toBe(' 2');
  ended.sort((a, b) => a - b);
  for (const first of ended.slice(0, 2)) expect(first).toBeLessThan(3500);
  for (const second of ended.slice(2)) expect(second).toBeGreaterThanOrEqual(3990);
});

it('has as many threads as it is told', async () => {
  const names = (server: Server) =>
    readdirSync(`/proc/${server.pid}/task`)
      .map((task) => readFileSync(`/proc/${server.pid}/task/${task}/comm`, 'utf8').trim())
      .filter((name) => name.startsWith('executor-')).length;
  for (const threads of [1, 7]) {
    const server = await start(`/ = ${sample}\n`, { SERVER_THREAD_COUNT: `${threads}` });
    await expect.poll(() => names(server)).toBe(threads); // a thread takes its name when it first runs
  }
});

it('costs a crash one request', async () => {
  const library = compile(`#include <string.h>
    static flexilib_response response = {.ptr = "fine", .len = 4};
    static __attribute__((noinline)) void crash(volatile int *at) { *at = 1; }
    flexilib_response *handle_request(flexilib_request *request) {
      if (request->target_len == 6 && !memcmp(request->target, "/crash", 6)) crash(0);
      return &response;
    }`);
  const server = await start(`/ = ${library}\n`);
  for (let i = 0; i < 4; i++) {
    const [crash, fine] = await Promise.all([ask(server.port, '/crash'), ask(server.port, '/')]);
    expect([crash.status, crash.body.toString()]).toEqual([502, 'Bad Gateway\n']);
    expect([fine.status, fine.body.toString()]).toEqual([200, 'fine']);
  }
  // A static function's name is the symbolizer's to find.
  const report = [
    /^error: \/.*lib\.so: generation 1, GET \/crash: crashed: SIGSEGV at address 0x0 in crash\+0x[0-9a-f]+$/,
    /^ {4}#0 crash\+0x[0-9a-f]+$/,
    /^ {4}#1 handle_request\+0x[0-9a-f]+$/,
  ];
  for (const line of report)
    await expect.poll(() => server.stderr().filter((said) => line.test(said))).toHaveLength(4);
});

it('answers 504 at the route’s timeout', async () => {
  const server = await start(`/ = ${sample}\n[/]\ntimeout = 300ms\n`);
  await text(server.port, '/');
  const begun = performance.now();
  const response = await ask(server.port, '/', { headers: { 'x-slow': '1000' } });
  expect(response.status).toBe(504);
  expect(performance.now() - begun).toBeGreaterThanOrEqual(300);
  expect(performance.now() - begun).toBeLessThan(700);
  expect(await text(server.port, '/')).toBe(' 2');
});
