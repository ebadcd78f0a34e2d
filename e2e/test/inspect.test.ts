import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { install, numbered } from '../support/library.ts';
import { run, stopAll, temporaryFolder } from '../support/server.ts';

afterEach(stopAll);

const folder = temporaryFolder();
const good = './good.so';
const bad = './bad.so';
const stays = './stays.so';

/** Its flag DF_1_NODELETE set, as -z nodelete does. */
function nodelete(bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes);
  const tag = Buffer.alloc(8);
  tag.writeBigUInt64LE(0x6ffffffbn); // DT_FLAGS_1
  changed[changed.indexOf(tag) + 8] |= 8;
  return changed;
}

describe('inspect', () => {
  install(join(folder, 'good.so'), numbered()(1));
  writeFileSync(join(folder, 'bad.so'), 'MZ');
  writeFileSync(join(folder, 'stays.so'), nodelete(readFileSync(join(folder, 'good.so'))));

  it.each([
    [[good], 0, ['nothing keeps the server from loading it']],
    [[stays], 3, ['1 warning', '[nodelete]']],
    [[bad], 1, ["the server won't load it", 'is a PE file']],
    [['./nowhere.so'], 1, ['there is no such file']],
    [[good, stays], 3, ['./good.so: nothing', './stays.so: nothing']],
    [[good, stays, bad], 1, ['./bad.so: the server']],
    [['--help'], 0, ['Usage: flexilib inspect LIBRARY... [--json]', 'Exit status']],
  ])('%j exits with %d', async (args, status, texts) => {
    const { code, stdout, stderr } = await run(['inspect', ...args], {}, folder);
    expect([code, stderr]).toEqual([status, '']);
    for (const text of texts) expect(stdout).toContain(text);
    expect(stdout).not.toContain('\x1b');
  });

  it.each([
    [[], 'inspect which library?'],
    [['--nope', good], "Unknown option '--nope'"],
  ])('%j is wrong usage', async (args, text) => {
    const { code, stdout, stderr } = await run(['inspect', ...args], {}, folder);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(text);
    expect(stderr).toMatch('`flexilib inspect --help` shows the usage');
  });

  it('--json is an array, one object a library', async () => {
    const { code, stdout } = await run(['inspect', '--json', good, bad, stays], {}, folder);
    const reports = JSON.parse(stdout);
    expect(code).toBe(1);
    expect(reports.map(({ file, verdict }: { file: string; verdict: string }) => [file, verdict])).toEqual([
      [good, 'ok'],
      [bad, 'error'],
      [stays, 'warning'],
    ]);
  });
});
