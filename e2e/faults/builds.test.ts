import { readFileSync, renameSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { compile, install, numbered } from '../support/library.ts';
import { temporaryFolder } from '../support/server.ts';
import { expectAnswer, openBuilds, residentOf } from './support/builds.ts';
import { endScenes } from './support/scene.ts';

afterEach(endScenes);

const build = numbered();

it('F18 100 rebuilds in 10 s under load', async () => {
  const scene = await openBuilds(build(1));
  const { server } = scene;
  await sleep(300);
  const before = server.resources();
  const resident = residentOf(server.pid);
  const begun = performance.now();
  let most = 0;
  for (let n = 2; n <= 101; n++) {
    install(scene.path, build(n));
    most = Math.max(most, server.resources().descriptors);
    await sleep(Math.max(0, begun + (n - 1) * 100 - performance.now()));
  }
  await expectAnswer(scene, 101);
  expect(scene.lines(/lib\.so: generation \d+ serves/).length).toBeGreaterThan(10);
  await expect.poll(() => server.resources(), { timeout: 3000 }).toEqual(before);
  expect(most).toBeLessThan(before.descriptors + 20);
  expect(residentOf(server.pid)).toBeLessThan(resident + 64);
  expect(scene.lines(/^(error|warning)/)).toEqual([]);
  await scene.pass(102);
});

it('F19 a 1 GiB library', async () => {
  const scene = await openBuilds(build(1));
  const { server, load } = scene;
  const resident = residentOf(server.pid);
  const large = join(temporaryFolder(), 'large.so');
  install(large, build(2));
  truncateSync(large, 1 << 30); // a hole behind it
  renameSync(large, scene.path);
  await expectAnswer(scene, 2, 30_000);
  expect(load.slowest).toBeLessThan(500);
  expect(residentOf(server.pid)).toBeLessThan(resident + 128);
  await scene.pass(3);
  // Its run directory goes with it, and what was kept there.
  await load.stop();
  server.signal('SIGTERM');
  expect(await server.exit).toBe(0);
});

const constructing = (does: string): Buffer =>
  readFileSync(
    compile(`#include <stdlib.h>
      #include <unistd.h>
      __attribute__((constructor)) static void construct(void) { ${does} }
      flexilib_response *handle_request(flexilib_request *request) { return 0; }`),
  );

it.each([
  ['crashes', '*(volatile int *)8 = 1;', 'crashed while it was loaded: SIGSEGV at address 0x8'],
  ['exits', '_exit(3);', 'crashed while it was loaded: its constructor called exit\\(3\\)'],
  ['blocks', 'for (;;) sleep(1000);', 'its constructor did not return within 10 s'],
])('F19 a library whose constructor %s', async (_, does, error) => {
  const library = constructing(does); // before the load: compiling holds its clock up
  const scene = await openBuilds(build(1));
  install(scene.path, library);
  await scene.line(new RegExp(`^error: .*lib.so: ${error}.*\\(generation 1 goes on\\)$`), 12_000);
  expect(scene.load.slowest).toBeLessThan(500);
  await scene.pass(2);
});
