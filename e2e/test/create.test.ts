// An author who has never seen FlexiLib: from an empty folder to a route that answers, and to the next answer after a save.
// The packages come from a registry; nothing on the PATH but Node, npm and what a shell needs, and cargo for Rust.
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { text } from '../support/client.ts';
import { processes } from '../support/processes.ts';
import { onlyPrograms } from '../support/programs.ts';
import { type Registry, startRegistry } from '../support/registry.ts';
import { temporaryFolder } from '../support/server.ts';

const shell = [
  'node',
  'npm',
  'npx',
  'sh',
  'env',
  'cat',
  'cp',
  'dirname',
  'ls',
  'mkdir',
  'mv',
  'rm',
  'sed',
  'uname',
];

const table = [
  { template: 'c', language: 'C', file: 'src/main.c', programs: [], tested: /^ok 1 - shows_a_page$/m },
  { template: 'zig', language: 'Zig', file: 'src/root.zig', programs: [], tested: /5\/5 tests passed/ },
  {
    template: 'rust',
    language: 'Rust',
    file: 'src/lib.rs',
    programs: ['cargo', 'rustc', 'cc', 'ld', 'as'],
    tested: /5 passed/,
  },
];

const hasCargo = spawnSync('cargo', ['--version']).status === 0;
if (!hasCargo) console.log('the template in Rust: skipped, cargo is not installed (https://rustup.rs)');

let registry: Registry;
beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(() => registry?.close());

let dev: ChildProcess | null = null;
afterEach(() => {
  if (dev?.exitCode === null) process.kill(-dev.pid!, 'SIGKILL');
  dev = null;
});

describe.each(table.filter(({ template }) => template !== 'rust' || hasCargo))('$template', (row) => {
  const { template, language, file, programs, tested } = row;
  const cwd = temporaryFolder();
  const project = join(cwd, 'demo');

  /** What the author types. Only the compilers' caches are this machine's: they would be filled in minutes. */
  const environment = () => ({
    HOME: cwd,
    PATH: onlyPrograms(...shell, ...programs),
    ZIG_GLOBAL_CACHE_DIR: join(homedir(), '.cache/zig'),
    CARGO_HOME: process.env.CARGO_HOME ?? join(homedir(), '.cargo'),
    RUSTUP_HOME: process.env.RUSTUP_HOME ?? join(homedir(), '.rustup'),
    ...registry.env,
  });
  async function type(command: string, at: string): Promise<string> {
    const [program, ...args] = command.split(' ');
    const { stdout, stderr } = await promisify(execFile)(program, args, { cwd: at, env: environment() });
    return stdout + stderr;
  }

  afterAll(() => rmSync(cwd, { recursive: true, force: true })); // 400 MB
  it('is created', { timeout: 120_000 }, async () => {
    const said = await type(`npm create --yes flexilib-executor@latest demo -- --template ${template}`, cwd);
    expect(said).toMatch(/cd demo/);
    expect(said).toMatch(/npm install\b.*\n?.*npm run dev|npm run dev/s);
    await expect(
      type(`npm create --yes flexilib-executor@latest demo -- -t ${template}`, cwd),
    ).rejects.toThrow(/demo/);
  });

  it('installs, builds and passes its tests', { timeout: 400_000 }, async () => {
    await type('npm install', project);
    expect(await type('npm test', project)).toMatch(tested);
    expect(await type('npm run build', project)).toMatch(/dist\/libdemo\.so: built in/);
    expect(await type('npx flexilib inspect dist/libdemo.so', project)).toMatch(/handle_request/);
  });

  it('is served, and a save is a new answer', { timeout: 300_000 }, async () => {
    const child = spawn('npm', ['run', 'dev', '--', '--port', '0'], {
      cwd: project,
      env: environment(),
      detached: true,
    });
    dev = child;
    let said = '';
    const port = await new Promise<number>((resolve, reject) => {
      child.stderr.on('data', (data) => {
        said += data;
        const ready = /^listening on http:\/\/127\.0\.0\.1:(\d+)$/m.exec(said);
        if (ready) resolve(Number(ready[1]));
      });
      child.once('exit', () => reject(new Error(said)));
    });
    expect(await text(port, '/')).toMatch(`<h1>Hello from ${language}</h1>`);
    expect(await text(port, '/hello/ada')).toBe('hello, ada\n');
    const source = join(project, file);
    writeFileSync(source, readFileSync(source, 'utf8').replace('Hello from', 'Saved in'));
    await expect
      .poll(() => text(port, '/'), { timeout: 20_000, interval: 20 })
      .toMatch(`<h1>Saved in ${language}</h1>`);
    const gone = once(child, 'exit');
    child.kill('SIGTERM'); // npm itself, as a service manager would
    await gone;
    await expect.poll(() => processes(project), { timeout: 15_000 }).toEqual([]);
  });
});
