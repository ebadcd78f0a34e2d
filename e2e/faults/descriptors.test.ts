import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { text } from '../support/client.ts';
import { answerOf, install, numbered } from '../support/library.ts';
import { temporaryFolder } from '../support/server.ts';
import { ANSWERS, check, endSites, loadOn, openSite } from './support/site.ts';

const build = numbered();
const idle: Socket[] = [];
afterEach(() => {
  for (const socket of idle.splice(0)) socket.destroy();
  return endSites();
});

/** Milliseconds of the processor that a process has used: proc_pid_stat(5), in ticks of 10 ms. */
function used(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return 10 * (Number(fields[11]) + Number(fields[12]));
}

it.each([
  ['', ''],
  [', while it looks at its memory', '[server]\nmax_memory = 1g'],
])(
  'F23 out of file descriptors: accepts again when some are free, no busy loop%s',
  async (_how, sections) => {
    const through = ['sh', '-c', 'ulimit -n 128; exec "$0" "$@"'];
    const library = join(temporaryFolder(), 'lib.so');
    install(library, build(1));
    const site = await openSite({ routes: `/numbered = ${library}`, through, sections });
    const { server, load } = site;
    expect(await text(server.port, '/numbered')).toBe(answerOf(1));
    await load.more(ANSWERS / 2);
    for (let i = 0; i < 300; i++) idle.push(connect(server.port, '127.0.0.1').on('error', () => {}));
    await site.told(/^error: http: no file descriptors are left, new connections wait/);
    await load.more(ANSWERS / 2); // who is inside is served
    check(load);
    await load.stop();
    install(library, build(2)); // which can't even be read now
    await site.told(/^(error|warning): .*lib\.so: .*EMFILE/);
    await expect.poll(() => server.resources().descriptors).toBeGreaterThanOrEqual(127); // others have come in their stead

    const before = used(server.pid);
    const waiting = text(server.port, '/steady');
    await sleep(1000);
    expect(used(server.pid) - before).toBeLessThan(100);
    expect(await Promise.race([waiting, sleep(1, 'it waits')])).toBe('it waits');

    for (const socket of idle) socket.destroy();
    const freed = performance.now();
    expect(await waiting).toBe('steady');
    expect(performance.now() - freed).toBeLessThan(1000);
    await expect.poll(() => text(server.port, '/numbered'), { timeout: 4000 }).toBe(answerOf(2));
    const next = loadOn(server.port);
    await next.more(2000);
    check(next);
    expect(site.lines(/^error: http: /)).toHaveLength(1);
    expect(site.lines(/process \d+/)).toEqual([]); // it is the same
  },
);
