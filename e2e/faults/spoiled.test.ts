import { openSync, readFileSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { compile, install, numbered } from '../support/library.ts';
import { openBuilds } from './support/builds.ts';
import { endScenes } from './support/scene.ts';

afterEach(endScenes);

const build = numbered();

it('F14 half-written ELF; the file is overwritten in place while serving', async () => {
  const scene = await openBuilds(build(1));
  const whole = readFileSync(scene.path);
  for (const bytes of [whole.subarray(0, whole.length >> 1), whole.subarray(0, 100), whole.subarray(0, 0)]) {
    writeFileSync(scene.path, bytes);
    await scene.line(/^error: .*lib.so: is (cut short|empty)/);
    await scene.load.more(2000);
  }
  // Garbage over the mapped bytes, page by page, and then none at all: neither reaches the copy that runs.
  const file = openSync(scene.path, 'w');
  for (let at = 0; at < whole.length; at += 4096) writeSync(file, Buffer.alloc(4096, 0xcc), 0, 4096, at);
  await scene.line(/^error: .*lib.so: is no ELF file/);
  truncateSync(scene.path, 0);
  await scene.load.more(2000);
  // Half of the next build, a pause in which it looks done, the other half.
  const next = build(2);
  writeFileSync(scene.path, next.subarray(0, 2000));
  await sleep(600);
  writeFileSync(scene.path, next.subarray(2000), { flag: 'a' });
  await scene.pass(2);
});

const broken: [string, (bytes: Buffer, path: string) => void, RegExp][] = [
  [
    'wrong architecture',
    (bytes, path) => {
      const other = Buffer.from(bytes);
      other.writeUInt16LE(bytes.readUInt16LE(18) === 62 ? 183 : 62, 18);
      install(path, other);
    },
    /is built for \w+, this machine is \w+; build it with the target/,
  ],
  [
    'missing symbol',
    (_, path) => install(path, readFileSync(compile('int handleRequest(void) { return 0; }'))),
    /exports no handle_request; it has handleRequest: rename it/,
  ],
  [
    'missing dependency',
    (bytes, path) => {
      // Its C library by another name.
      const other = Buffer.from(bytes.toString('latin1').replaceAll('libc.so.6\0', 'libq.so.6\0'), 'latin1');
      install(path, other);
    },
    /needs libq.so.6, which is not installed here; install it/,
  ],
  [
    'deleted file',
    (_, path) => rmSync(path),
    /is gone; what was loaded goes on; put it back, or mend its path/,
  ],
  [
    'unknown ABI version',
    (_, path) =>
      install(
        path,
        readFileSync(
          compile(`uint32_t flexilib_abi_version(void) { return 99; }
            flexilib_response *handle_request(flexilib_request *request) { return 0; }`),
        ),
      ),
    /is made for version 99 of the executor ABI, this server has version 1; build it with/,
  ],
];

it.each(broken)('F15 %s', async (_, spoil, error) => {
  const scene = await openBuilds(build(1));
  spoil(build(2), scene.path);
  const said = await scene.line(new RegExp(`^(error|warning): ${scene.path}: .*goes on`));
  expect(said).toMatch(error);
  await sleep(1200);
  expect(scene.lines(/^(error|warning)/)).toEqual([said]);
  await scene.pass(2);
});
