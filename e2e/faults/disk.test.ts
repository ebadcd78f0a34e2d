// The private copy of a new build can't be written: the build before it goes on, and the next one is taken.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { text } from '../support/client.ts';
import { answerOf, install, numbered } from '../support/library.ts';
import { temporaryFolder } from '../support/server.ts';
import { endSites, openSite, type SiteOptions } from './support/site.ts';
import { canMount, makeReadOnly, makeRoom, withVolume } from './support/volume.ts';

afterEach(endSites);

const build = numbered();
/** What follows an ELF file's sections is nobody's business, but is copied. */
const heavy = (n: number) => Buffer.concat([build(n), Buffer.alloc(4 << 20, n)]);

async function openDisk(options: SiteOptions) {
  const library = join(temporaryFolder(), 'lib.so');
  install(library, build(1));
  const site = await openSite({ ...options, routes: `/numbered = ${library}` });
  const serves = (n: number) =>
    expect.poll(() => text(site.server.port, '/numbered'), { timeout: 1000, interval: 10 }).toBe(answerOf(n));
  await serves(1);
  return { site, library, serves };
}

async function fails(options: SiteOptions, why: RegExp): Promise<void> {
  const { site, library, serves } = await openDisk(options);
  const { copies } = site.server.resources();
  for (const n of [2, 3]) {
    install(library, heavy(n));
    await site.told(why); // the same failure is told once
    await sleep(500);
    await serves(1);
  }
  expect(site.lines(why)[0]).toMatch(
    new RegExp(`^error: ${library}: no private copy can be made: .* \\(generation 1 goes on\\)$`),
  );
  install(library, build(4));
  await serves(4);
  await site.pass();
  await expect.poll(() => site.server.resources().copies).toBe(copies); // nothing half is left
}

describe('F24 disk full while staging a copy; read-only file system', () => {
  it.skipIf(!canMount)('F24 disk full: no space on the device', async () => {
    const folder = temporaryFolder();
    const options = { env: { FLEXILIB_RUN_DIR: folder }, through: withVolume(folder, 2048) };
    await fails(options, /no private copy can be made: ENOSPC/);
  });

  it.skipIf(!canMount)('F24 disk full: the build is taken when there is room, without another', async () => {
    const folder = temporaryFolder();
    const options = { env: { FLEXILIB_RUN_DIR: folder }, through: withVolume(folder, 2048) };
    const { site, library, serves } = await openDisk(options);
    install(library, heavy(2));
    await site.told(/no private copy can be made: ENOSPC/);
    makeRoom(site.server.pid, folder, 16_384);
    await expect
      .poll(() => text(site.server.port, '/numbered'), { timeout: 3000, interval: 10 })
      .toBe(answerOf(2));
    install(library, build(3));
    await serves(3);
    await site.pass();
  });

  it('F24 disk full: the largest size of a file', async () => {
    // In blocks of 512 bytes. Node ignores SIGXFSZ.
    await fails(
      { through: ['sh', '-c', 'ulimit -f 4096; exec "$0" "$@"'] },
      /no private copy can be made: EFBIG/,
    );
  });

  it.skipIf(!canMount)('F24 read-only file system: it became so', async () => {
    const folder = temporaryFolder();
    const options = { env: { FLEXILIB_RUN_DIR: folder }, through: withVolume(folder, 16_384) };
    const { site, library, serves } = await openDisk(options);
    makeReadOnly(site.server.pid, folder);
    install(library, build(2));
    await site.told(/^error: .*lib\.so: no private copy can be made: EROFS/);
    await serves(1);
    await site.pass();
  });

  it('F24 read-only file system: it was so at the start', async () => {
    const { site, library, serves } = await openDisk({ env: { FLEXILIB_RUN_DIR: '/proc/flexilib' } });
    await site.told(/^warning: no run directory, copies of libraries live in memory: /);
    for (const n of [2, 3]) {
      install(library, build(n));
      await serves(n);
    }
    await sleep(100);
    await site.pass();
    expect(site.lines(/^error/)).toEqual([]);
  });
});
