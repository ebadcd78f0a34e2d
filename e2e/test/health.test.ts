import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ask, text } from '../support/client.ts';
import { answerOf, install, numbered } from '../support/library.ts';
import { type Server, start, stopAll, temporaryFolder } from '../support/server.ts';

afterEach(stopAll);

const build = numbered();
let server: Server;
let library: string;

async function begin(args: string[]): Promise<void> {
  const folder = temporaryFolder();
  library = join(folder, 'lib.so');
  const other = join(folder, 'other.so');
  install(library, build(1));
  install(other, build(9));
  server = await start(`/other = ${other}\n/ = ${library}\n`, {}, args);
  expect(await text(server.port, '/')).toBe(answerOf(1));
}

async function crash(times: number): Promise<void> {
  for (let i = 0; i < times; i++) expect((await ask(server.port, '/crash')).status).toBe(502);
}
const lines = (of: RegExp) =>
  server
    .stderr()
    .filter((line) => of.test(line))
    .map((line) => line.replace(library, 'LIB').replace(/loaded in .*/, 'loaded'));
const serves = (n: number) =>
  expect.poll(() => text(server.port, '/'), { timeout: 5000, interval: 10 }).toBe(answerOf(n));

describe.each([
  ['one process', ['--no-supervisor']],
  ['processes that are replaced', []],
])('with %s', (_name, args) => {
  beforeEach(() => begin(args));

  /** A process that takes another's place counts generations anew, and may load what is served before it is told so. */
  const told = (said: string[]) => {
    if (args.length > 0) return said;
    const counted = /generation \d|the build before it(?= until)/g; // it has no number where it never served
    return [...new Set(said.map((line) => line.replace(counted, 'generation #')))];
  };

  it('takes a library out that crashes again and again, until a new build comes', async () => {
    await crash(5);
    const refused = await ask(server.port, '/');
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '1']);
    expect(await text(server.port, '/other')).toBe(answerOf(9));
    await sleep(1050);
    expect(await text(server.port, '/')).toBe(answerOf(1));
    await crash(1);
    expect((await ask(server.port, '/')).headers['retry-after']).toBe('2');
    utimesSync(library, 1, 1);
    await sleep(400);
    expect((await ask(server.port, '/')).status).toBe(503);
    install(library, build(2));
    await sleep(600); // 1 s of the 2 s
    expect(await text(server.port, '/')).toBe(answerOf(2));
    const expected = [
      'error: LIB: generation 1 crashed 5 times in 10 s; taken out for 1 s: its routes answer 503 until then, or until a new build comes',
      'LIB: tried again after 1 s',
      'error: LIB: generation 2 crashed again; taken out for 2 s: its routes answer 503 until then, or until a new build comes',
    ];
    expect(told(lines(/taken out|tried again/))).toEqual(told(expected));
  });

  it('goes back to the build before, and watches the file all the same', async () => {
    install(library, build(2));
    await serves(2);
    await crash(5);
    expect(await text(server.port, '/')).toBe(answerOf(1));
    utimesSync(library, 1, 1);
    await sleep(500);
    expect(await text(server.port, '/')).toBe(answerOf(1));
    const expected = [
      'LIB: generation 1 serves, loaded',
      'LIB: generation 2 serves, loaded',
      'error: LIB: generation 2 crashed 5 times in 10 s; back to generation 1 until a new build comes',
      'LIB: generation 3 serves, the build before the one in the file, loaded',
    ];
    expect(told(lines(/lib\.so: generation \d (serves|crashed 5)/))).toEqual(told(expected));
    install(library, build(1)); // the same that serves
    await sleep(500);
    install(library, build(3));
    await serves(3);
  });
});
