import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { text } from '../support/client.ts';
import { answerOf, compile, install, numbered } from '../support/library.ts';
import { expectAnswer, openBuilds } from './support/builds.ts';
import { endScenes, openScene } from './support/scene.ts';

afterEach(endScenes);

const build = numbered();

it('F12 leaves threads running: pinned, and said', async () => {
  const library = compile(`#include <pthread.h>
    #include <unistd.h>
    static volatile int turns;
    static void *run(void *arg) { for (;;) { turns++; usleep(1000); } }
    void flexilib_load(const flexilib_host *host) {
      pthread_t thread;
      for (int i = 0; i < 2; i++) pthread_create(&thread, 0, run, 0);
    }
    flexilib_response *handle_request(flexilib_request *request) {
      static flexilib_response response = {.ptr = "build-00001", .len = 11};
      return &response;
    }`);
  const scene = await openBuilds(readFileSync(library));
  install(scene.path, build(2));
  await expectAnswer(scene, 2);
  await scene.line(
    new RegExp(`^warning: ${scene.path}: generation 1 stays in memory: 2 of its threads still run;`),
  );
  await scene.pass(3);
});

// As a C++ compiler writes it. The destructors run when the pool's threads end, and need the code.
const destroying = readFileSync(
  compile(`#include <pthread.h>
    #include <string.h>
    extern int __cxa_thread_atexit_impl(void (*)(void *), void *, void *);
    extern void *__dso_handle;
    static _Thread_local int made;
    static int ended;
    static void destroy(void *arg) { *(int *)arg = 0; ended++; }
    flexilib_response *handle_request(flexilib_request *request) {
      static flexilib_response response = {.ptr = "build-00001", .len = 11};
      if (!made) __cxa_thread_atexit_impl(destroy, &made, &__dso_handle);
      made = 1;
      if (request->target_len == 5 && !memcmp(request->target, "/exit", 5)) pthread_exit(NULL);
      return &response;
    }`),
);

it('F13 thread-local destructors at unload', async () => {
  const at = destroying.indexOf('build-00001');
  const scene = await openBuilds(destroying);
  for (let n = 2; n <= 20; n++) {
    const next = Buffer.from(destroying);
    next.write(answerOf(n), at);
    install(scene.path, next);
    await expectAnswer(scene, n);
  }
  await scene.line(/^warning: .*generation 1 can't be unloaded .*: it left a thread-local destructor/);
  await scene.pass(21);
  await scene.load.stop();
  scene.server.signal('SIGTERM');
  expect(await scene.server.exit).toBe(0);
});

it('F13 thread-local destructors after unload, at the end of the threads', async () => {
  const scene = await openScene({ mode: 'pool', library: destroying, routes: ['/built', '/exit'] });
  await Promise.all(Array.from({ length: 20 }, () => scene.get('/built')));
  install(scene.of('/built'), build(2));
  await expectAnswer(scene, 2);
  await scene.line(/^warning: .*generation 1 can't be unloaded/);
  // More often than there are threads.
  for (let i = 0; i < 4; i++) expect((await scene.get('/exit')).status).toBe(502);
  await scene.pass();
  expect(scene.lines(/^error: process/)).toEqual([]);
});

it('F13 1,000 swaps under load', async () => {
  const LIBRARIES = 25;
  const ROUNDS = 40;
  const routes = Array.from({ length: LIBRARIES }, (_, i) => `/swapped-${String(i).padStart(2, '0')}`);
  const scene = await openScene({ mode: 'pool', library: build(1), routes });
  const { server, load } = scene;
  const { pid } = server;
  const all = (n: number) =>
    Promise.all(
      routes.map((route) =>
        expect.poll(() => text(server.port, route), { timeout: 5000, interval: 20 }).toBe(answerOf(n)),
      ),
    );
  await all(1);
  await sleep(500);
  const before = server.resources();
  for (let n = 2; n <= ROUNDS + 1; n++) {
    for (const route of routes) install(scene.of(route), build(n));
    await all(n);
  }
  const served = () => scene.lines(/lib\.so: generation \d+ serves/);
  await expect.poll(served).toHaveLength(LIBRARIES * (ROUNDS + 1));
  await expect.poll(() => server.resources(), { timeout: 5000 }).toEqual(before);
  expect(load.answered).toBeGreaterThan(10_000);
  expect(served()).toHaveLength(LIBRARIES * (ROUNDS + 1)); // and none more
  await scene.pass();
  expect(server.pid).toBe(pid);
  expect(scene.lines(/^(error|warning)/)).toEqual([]);
});
