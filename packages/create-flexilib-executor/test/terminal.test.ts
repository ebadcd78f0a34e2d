// The prompts, on a pseudo-terminal.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { createOnTerminal, hasScript, keys, scratch } from './command.ts';

const { empty, remove } = scratch();
afterAll(remove);

let folder: string;
beforeEach(() => {
  folder = empty();
});

describe.skipIf(!hasScript)('on a terminal', () => {
  it('asks for the name, the language and whether to install', async () => {
    const { status, out } = await createOnTerminal('', folder, [
      ['Name of the project', `my-api${keys.enter}`],
      ['Language', keys.down],
      ['● Zig', keys.enter],
      ['Run `npm install` now?', 'n'],
    ]);
    expect(status).toBe(0);
    expect(stripVTControlCharacters(out)).toMatch(/86 MB to download, 401 MB on disk/);
    expect(out.match(/MB to download/g)).toHaveLength(2); // in the question and its answer, not again
    expect(out).toMatch(/Next:\r\n {2}cd my-api && npm install\r\n {2}npm run dev\r\n$/);
    expect(readdirSync(join(folder, 'my-api'))).toContain('build.zig');
  });

  it('takes Enter for the default name', async () => {
    const { status } = await createOnTerminal('-t rust --no-install', folder, [['Name', keys.enter]]);
    expect(status).toBe(0);
    expect(readdirSync(folder)).toEqual(['my-executor']);
  });

  it('asks for nothing that is given', async () => {
    const { status } = await createOnTerminal('demo -t c --no-install', folder, []);
    expect(status).toBe(0);
    expect(readdirSync(folder)).toEqual(['demo']);
  });

  it.each([
    ['with --yes', '-y', {}],
    ['in CI', '', { CI: 'true' }],
  ])('asks for nothing %s', async (_, args, env) => {
    const { status, out } = await createOnTerminal(args, folder, [], env);
    expect(status).toBe(0);
    expect(out).not.toContain('Language');
    expect(readdirSync(folder)).toEqual(['my-executor']);
  });

  it('offers another name for one that no project can have', async () => {
    const { status } = await createOnTerminal("'My API' -t c --no-install", folder, [
      ['my-api would do', keys.enter],
    ]);
    expect(status).toBe(0);
    expect(readdirSync(folder)).toEqual(['my-api']);
  });

  it('asks again while something is in the way', async () => {
    mkdirSync(join(folder, 'demo'));
    writeFileSync(join(folder, 'demo/mine'), '');
    const { status } = await createOnTerminal('demo -t c --no-install', folder, [
      ['has mine in it', keys.enter],
      ['has mine in it', `2${keys.enter}`],
    ]);
    expect(status).toBe(0);
    expect(readdirSync(folder)).toEqual(['demo', 'demo2']);
    expect(readdirSync(join(folder, 'demo'))).toEqual(['mine']);
  });

  it.each([
    ['name', '', 'Name'],
    ['language', 'demo', 'Language'],
    ['install', 'demo -t c', 'now?'],
  ])('leaves quietly on Ctrl-C at the %s', async (_, args, prompt) => {
    const { status, out } = await createOnTerminal(args, folder, [[prompt, keys.interrupt]]);
    expect(status).toBe(130);
    expect(out).not.toMatch(/error|Next:/i);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('has colours, unless NO_COLOR is set', async () => {
    const cyan = '\x1b[36m';
    const dialogue: [string, string][] = [['Name', keys.interrupt]];
    expect((await createOnTerminal('', folder, dialogue)).out).toContain(cyan);
    expect((await createOnTerminal('', folder, dialogue, { NO_COLOR: '1' })).out).not.toContain(cyan);
  });
});
