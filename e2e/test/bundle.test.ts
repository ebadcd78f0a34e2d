// `npm run bundle`: what it makes serves somewhere else, with Node and nothing besides.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { text } from '../support/client.ts';
import { saying } from '../support/library.ts';
import { onlyPrograms } from '../support/programs.ts';
import { temporaryFolder } from '../support/server.ts';

const root = join(import.meta.dirname, '../..');
const { version } = JSON.parse(readFileSync(join(root, 'apps/server/package.json'), 'utf8'));
const made: string[] = [];

/** Makes the bundle of this machine, and gives its folder. */
function bundle(env: Record<string, string> = {}): string {
  const said = execFileSync(process.execPath, [join(root, 'scripts/bundle.mjs')], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
  const path = /^(.*)\.tar\.gz: \d+ KiB, sha256 [0-9a-f]{64}\n$/.exec(said)![1]!;
  made.push(path);
  return path;
}

const sha256 = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

let place: string;
let library: string;
beforeAll(() => {
  library = saying('bundled');
  place = temporaryFolder();
  execFileSync('tar', ['-xzf', `${bundle()}.tar.gz`, '--strip-components=1', '-C', place]);
});
const children = new Set<ChildProcess>();
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

describe.each([
  ['the machine’s', () => join(onlyPrograms('node'), 'node')],
  ['the project’s', () => process.execPath],
])('with %s Node', (_whose, node) => {
  const env = { PATH: '/nonexistent', HOST: '127.0.0.1', PORT: '0' };
  const command = () => join(place, 'bin/flexilib.cjs');

  it('serves a library, and its health can be asked', async () => {
    const FLEXILIB_RUN_DIR = temporaryFolder();
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'proxy.ini'), `/ = ${library}\n`);
    const child = spawn(node(), [command()], { cwd, env: { ...env, FLEXILIB_RUN_DIR } });
    children.add(child);
    let said = '';
    const port = await new Promise<number>((resolve, reject) => {
      child.stderr.on('data', (data) => {
        said += data;
        const ready = /^listening on http:\/\/.*:(\d+)$/m.exec(said);
        if (ready) resolve(Number(ready[1]));
      });
      child.once('close', () => reject(new Error(said)));
    });
    expect(await text(port, '/')).toBe('bundled');
    const health = spawnSync(join(place, 'dist/flexilib-health'), { env: { FLEXILIB_RUN_DIR } });
    expect([health.status, String(health.stdout)]).toEqual([0, `127.0.0.1:${port} answers\n`]);
    const maps = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'latin1')
      .trim()
      .split(' ')
      .map((pid) => readFileSync(`/proc/${pid}/maps`, 'latin1'))
      .join('');
    expect(maps).toContain(join(place, 'dist/koffi.node'));
    expect(maps).not.toContain(root.concat('/packages'));
    child.kill('SIGTERM');
    const [code] = await once(child, 'exit');
    expect(code).toBe(0);
  });

  it.each([
    [['--version'], `flexilib ${version}`],
    [['inspect', '--help'], 'flexilib inspect'],
    [['sign', '--help'], 'flexilib sign'],
  ])('has all of the command: %j', (args, expected) => {
    const { status, stdout, stderr } = spawnSync(node(), [command(), ...args], { env, encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain(expected);
  });
});

it('says so when it is for another platform', () => {
  const folder = temporaryFolder();
  cpSync(place, folder, { recursive: true });
  writeFileSync(join(folder, 'dist/koffi.node'), 'what another machine loads');
  writeFileSync(join(folder, 'proxy.ini'), '/ = return 204\n');
  const options = { cwd: folder, encoding: 'utf8', env: { PORT: '0' } } as const;
  const { status, stderr } = spawnSync(process.execPath, ['bin/flexilib.cjs'], options);
  expect([status, stderr]).toEqual([
    1,
    expect.stringMatching(
      /^error: \/.*\/koffi.node can't be loaded, .*: take the one for this machine.*\n$/s,
    ),
  ]);
});

it('tells what others have written of it, and under which licence', () => {
  const packages: { name: string; version: string; purl: string; files: string[] }[] = JSON.parse(
    readFileSync(join(place, 'packages.json'), 'utf8'),
  );
  const notices = readFileSync(join(place, 'THIRD-PARTY.txt'), 'utf8');
  expect(packages.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['ini', 'chokidar', `@koromix/koffi-linux-${process.arch}`, 'musl', 'zig']),
  );
  expect(notices).not.toContain('Its package has no text of it.');
  for (const { name, version, purl, files } of packages) {
    expect(notices).toContain(`\n${name} ${version}, licence: `);
    expect(purl).toMatch(/^pkg:(npm|generic)\/[\w%./-]+@[\w.-]+$/);
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) expect(existsSync(join(place, file)), file).toBe(true);
  }
  expect(readdirSync(place).sort()).toEqual(
    ['LICENSE', 'README.md', 'THIRD-PARTY.txt', 'bin', 'dist', 'packages.json'].sort(),
  );
});

it('is the same bytes when it is made again', () => {
  const first = sha256(`${bundle()}.tar.gz`);
  rmSync(made.at(-1)!, { recursive: true });
  const umask = process.umask(0o077);
  try {
    expect(sha256(`${bundle({ TZ: 'Asia/Kolkata', LC_ALL: 'de_DE.UTF-8' })}.tar.gz`)).toBe(first);
  } finally {
    process.umask(umask);
  }
  expect(sha256(`${bundle({ SOURCE_DATE_EPOCH: '1' })}.tar.gz`)).not.toBe(first);
  bundle(); // what is left is the commit's
});
