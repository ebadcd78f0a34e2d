// Each template as a project: scaffolded by the command, compiled by the real compiler, its library read.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { readElf } from '@flexilib/loader';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import { create, packageFolder, run, scratch } from './command.ts';

const { folder, remove } = scratch();
afterAll(remove);

const languages = [
  { template: 'c', compiler: 'zig', lines: { Makefile: 'dist/libmy_api.so: ' } },
  {
    template: 'zig',
    compiler: 'zig',
    lines: { 'build.zig': '.name = "my_api",', 'build.zig.zon': '.name = .my_api,' },
  },
  {
    template: 'rust',
    compiler: 'cargo',
    lines: { 'Cargo.toml': 'name = "my_api"', 'Cargo.lock': 'name = "my_api"' },
  },
];

describe.each(languages)('a project in $template', ({ template, compiler, lines }) => {
  const original = join(packageFolder, '../../templates', template);
  const project = join(folder, template, 'my-api');
  const read = (file: string) => readFileSync(join(project, file), 'utf8');

  beforeAll(() => {
    mkdirSync(join(folder, template));
    expect(create(['my-api', '--template', template], join(folder, template))).toMatchObject({ status: 0 });
  });

  it('has the files of its template, and nothing that was built there', () => {
    const tracked = run('git', ['ls-files', '--cached', '--others', '--exclude-standard'], original);
    expect(filesIn(project)).toEqual(
      tracked
        .split('\n')
        .filter((file) => file && existsSync(join(original, file)))
        .sort(),
    );
    expect(read('.gitignore')).toContain('node_modules/');
  });

  it('has its own name where a name belongs, and its sources as they are', () => {
    for (const [file, line] of Object.entries({ ...lines, 'proxy.ini': '/ = ./dist/libmy_api.so' })) {
      expect(read(file)).toContain(line);
    }
    for (const file of filesIn(project)) {
      expect(read(file), file).not.toMatch(/libhello|name = "hello"|\.name = \.hello|\.\.\/packages/);
      if (/^(src|test)\//.test(file)) expect(read(file)).toBe(readFileSync(join(original, file), 'utf8'));
    }
  });

  it("has a package.json of its own, with this command's version of FlexiLib", () => {
    const {
      name,
      version,
      private: isPrivate,
      dependencies,
      devDependencies,
    } = JSON.parse(read('package.json'));
    expect({ name, version, isPrivate }).toEqual({ name: 'my-api', version: '0.1.0', isPrivate: true });
    const all: Record<string, string> = { ...dependencies, ...devDependencies };
    const ours = Object.keys(all).filter((its) => its.includes('flexilib'));
    expect(ours).toContain('@flexilib/abi-headers');
    for (const its of ours) expect(all[its]).toBe(`^${manifest.version}`);
  });

  it('compiles to a library that the server can call', { timeout: 240_000 }, async ({ skip }) => {
    if (!isInstalled(compiler)) skip(`${compiler} is not installed`);
    linkDependencies(project);
    run('npm', ['run', 'build'], project); // flexilib is on the PATH
    expect((await elfOf(join(project, 'dist/libmy_api.so'))).exports).toContain('handle_request');
  });
});

it('gives each Zig package a fingerprint of its own, which Zig accepts', { timeout: 240_000 }, () => {
  const fingerprints = ['test', '3d'].map((name) => {
    create([name, '-t', 'zig'], folder);
    linkDependencies(join(folder, name));
    run('zig', ['build', '--help'], join(folder, name)); // reads build.zig.zon, and compiles build.zig
    return /0x[0-9a-f]{16}/.exec(readFileSync(join(folder, name, 'build.zig.zon'), 'utf8'))![0];
  });
  expect(new Set(fingerprints).size).toBe(2);
});

it("leaves Cargo's lock file as Cargo would write it", ({ skip }) => {
  if (!isInstalled('cargo')) skip('cargo is not installed');
  for (const name of ['alpha', 'omega']) {
    create([name, '-t', 'rust'], folder); // before and after `flexilib` in the order of names
    linkDependencies(join(folder, name));
    const lock = join(folder, name, 'Cargo.lock');
    const before = readFileSync(lock, 'utf8');
    run('cargo', ['metadata', '--offline', '--format-version', '1'], join(folder, name));
    expect(readFileSync(lock, 'utf8')).toBe(before);
  }
});

it('is published with all of its templates', () => {
  const [{ files }] = JSON.parse(run('npm', ['pack', '--dry-run', '--json'], packageFolder));
  const paths: string[] = files.map(({ path }: { path: string }) => path);
  const inTemplates = paths.filter((path) => path.startsWith('dist/templates/')).sort();
  expect(inTemplates).toEqual(
    filesIn(join(packageFolder, 'dist/templates')).map((path) => `dist/templates/${path}`),
  );
  const others = paths.filter((path) => !/^(dist\/templates\/|LICENSE)/.test(path)).sort();
  expect(others).toEqual(['README.md', 'dist/create-flexilib-executor.cjs', 'package.json']);
});

function isInstalled(compiler: string): boolean {
  const { status } = spawnSync(compiler, [compiler === 'zig' ? 'version' : '--version']);
  if (status !== 0) console.log(`create: a project isn't compiled, ${compiler} is not installed`);
  return status === 0;
}

function filesIn(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .sort();
}

/** As an install would, but with this repository's package. */
function linkDependencies(project: string): void {
  const scope = join(project, 'node_modules/@flexilib');
  mkdirSync(scope, { recursive: true });
  symlinkSync(join(packageFolder, '../abi-headers'), join(scope, 'abi-headers'));
}

async function elfOf(path: string): ReturnType<typeof readElf> {
  const file = await open(path);
  try {
    return await readElf(file, (await file.stat()).size);
  } finally {
    await file.close();
  }
}
