// What the command says and refuses, run without a terminal.
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import { create, scratch } from './command.ts';

const { empty, remove } = scratch();
afterAll(remove);

let folder: string;
beforeEach(() => {
  folder = empty();
});

/** A package manager of our own: notes how it was called, and where. */
function fakeManager(name: string, status: number): Record<string, string> {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, name), `#!/bin/sh\necho "ran ${name} $* in $PWD"\nexit ${status}\n`);
  chmodSync(join(bin, name), 0o755);
  return { PATH: `${bin}:${process.env.PATH}`, npm_config_user_agent: `${name}/1.0 node/v20` };
}

describe('the next two commands', () => {
  it.each([
    [['demo'], {}, '  cd demo && npm install\n  npm run dev\n'],
    [['a/b/demo'], {}, '  cd a/b/demo && npm install\n  npm run dev\n'],
    [['it is/demo'], {}, "  cd 'it is/demo' && npm install\n  npm run dev\n"],
    [['.'], {}, '  npm install\n  npm run dev\n'],
    [[], {}, '  cd my-executor && npm install\n  npm run dev\n'],
    [
      ['demo'],
      { npm_config_user_agent: 'pnpm/10.1.0 npm/? node/v24' },
      '  cd demo && pnpm install\n  pnpm run dev\n',
    ],
    [['demo'], { npm_config_user_agent: 'bun/1.3.0' }, '  cd demo && bun install\n  bun run dev\n'],
    [['demo'], { npm_config_user_agent: 'other/1.3.0' }, '  cd demo && npm install\n  npm run dev\n'],
  ])('of %j with %j', (args, env, last) => {
    const { status, out, err } = create([...args, '-t', 'zig'], folder, env);
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out.slice(out.indexOf('Next:\n') + 6)).toBe(last);
    expect(out).toMatch(/install` brings FlexiLib and Zig: \d+ MB to download, \d+ MB on disk, about \d+ s/);
    expect(out).not.toContain('\x1b');
  });

  it('are one fewer after an install', () => {
    const { status, out } = create(['demo', '--install'], folder, fakeManager('pnpm', 0));
    expect(status).toBe(0);
    expect(out).toContain(`ran pnpm install in ${join(folder, 'demo')}\n`);
    expect(out).toMatch(/Next:\n {2}cd demo\n {2}pnpm run dev\n$/);
  });

  it('are not said when the install fails, and the project stays', () => {
    const { status, err } = create(['demo', '--install'], folder, fakeManager('npm', 1));
    expect({ status, err }).toEqual({
      status: 1,
      err: 'error: `npm install` failed; the project is complete, install again in its folder\n',
    });
    expect(readdirSync(join(folder, 'demo'))).toContain('package.json');
  });
});

describe('defaults', () => {
  it.each([[[]], [['--yes']], [['-y', '--no-install']]])(
    'without a terminal, %j: my-executor in C',
    (args) => {
      expect(create(args, folder)).toMatchObject({ status: 0, err: '' });
      expect(readdirSync(join(folder, 'my-executor'))).toContain('Makefile');
    },
  );
});

it('warns of a missing cargo, and creates the project', () => {
  const { status, err } = create(['demo', '-t', 'rust'], folder, { PATH: '/nonexistent' });
  expect({ status, err }).toEqual({
    status: 0,
    err: "warning: cargo is not installed, and the project can't be built without; it comes from https://rustup.rs\n",
  });
  expect(readdirSync(join(folder, 'demo'))).toContain('Cargo.toml');
});

describe('what is there stays as it is', () => {
  it.each([
    ['a folder that has something in it', 'demo', ['a', 'b', 'c', 'd', 'e'], 'has a, b, c and 2 more in it'],
    ['the current folder', '.', ['x.txt'], 'has x.txt in it'],
    ['a hidden file', 'demo', ['.env'], 'has .env in it'],
  ])('%s', (_, name, files, what) => {
    mkdirSync(join(folder, name), { recursive: true });
    for (const file of files) writeFileSync(join(folder, name, file), file);
    const { status, out, err } = create([name], folder);
    expect({ status, out }).toEqual({ status: 1, out: '' });
    expect(err).toBe(`error: ${join(folder, name)} ${what}; choose another name, or empty the folder\n`);
    expect(readdirSync(join(folder, name))).toEqual(files);
  });

  it('a file of the name', () => {
    writeFileSync(join(folder, 'demo'), 'mine');
    const { status, err } = create(['demo'], folder);
    expect({ status, err }).toEqual({
      status: 1,
      err: `error: ${join(folder, 'demo')} is a file; choose another name\n`,
    });
    expect(readFileSync(join(folder, 'demo'), 'utf8')).toBe('mine');
  });

  it('but not an empty folder, or one with .git', () => {
    mkdirSync(join(folder, '.git'));
    writeFileSync(join(folder, '.git/HEAD'), 'ref');
    expect(create(['.', '-t', 'zig'], folder)).toMatchObject({ status: 0, err: '' });
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(['.git', 'build.zig']));
    expect(readFileSync(join(folder, '.git/HEAD'), 'utf8')).toBe('ref');
  });
});

describe('an error midway', () => {
  // A path of PATH_MAX bytes less a few: the files in the project's own folder can be written, those in src/ can't.
  const deep = (base: string) => {
    const most = 4095 - '/demo/Cargo.lock'.length - base.length;
    const parts = '/'
      .repeat(Math.floor(most / 200))
      .split('')
      .map(() => `/${'p'.repeat(199)}`);
    return `${base}${parts.join('')}/${'q'.repeat(most - parts.length * 200 - 1)}`;
  };

  it.each([
    ['of a new folder', false],
    ['of an empty folder', true],
  ])('leaves nothing %s', (_, exists) => {
    const parent = deep(folder);
    if (exists) mkdirSync(join(parent, 'demo'), { recursive: true });
    const { status, out, err } = create([join(parent, 'demo'), '-t', 'rust'], folder);
    expect({ status, out }).toEqual({ status: 1, out: '' });
    expect(err).toMatch(/^error: ENAMETOOLONG: .*; nothing was created\n$/);
    expect(exists ? readdirSync(join(parent, 'demo')) : readdirSync(folder)).toEqual([]);
  });
});

describe('wrong usage', () => {
  it.each([
    [['x', '-t', 'zigg'], 'there is no template zigg, did you mean zig? There are c, zig, rust'],
    [['x', '--template', 'RUST'], 'there is no template RUST, did you mean rust? There are c, zig, rust'],
    [['x', 'zig'], 'one name is enough; with npm the template goes after --: `-- --template zig`'],
    [['x', 'y'], 'one name is enough, y is too much'],
    [[''], 'the name is empty'],
    [['x', '--force'], "Unknown option '--force'"],
    [['x', '-t'], "Option '-t, --template <value>' argument missing"],
    [['x', '--install', '--no-install'], '--install and --no-install exclude each other'],
  ])('%j', (args, what) => {
    const { status, out, err } = create(args, folder);
    expect({ status, out, err }).toEqual({
      status: 2,
      out: '',
      err: `error: ${what}; --help shows the usage\n`,
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('a name that no project can have', () => {
    const { status, err } = create(['a/My App'], folder);
    expect({ status, err }).toEqual({
      status: 2,
      err: `error: "My App" can't be the project's name: it must begin with a small letter from a to z or a digit; my-app would do\n`,
    });
    expect(readdirSync(folder)).toEqual([]);
  });
});

it('says its usage and its version', () => {
  expect(create(['--help'], folder)).toMatchObject({
    status: 0,
    err: '',
    out: expect.stringContaining('c|zig|rust'),
  });
  expect(create(['-V'], folder)).toEqual({
    status: 0,
    err: '',
    out: `create-flexilib-executor ${manifest.version}\n`,
  });
});
