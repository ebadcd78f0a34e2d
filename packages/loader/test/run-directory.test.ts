import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openRunDirectory } from '../src/index.ts';
import { temporaryFolder } from './library.ts';

const script = `
  import { openRunDirectory } from '${join(import.meta.dirname, '../src/index.ts')}';
  const { path } = await openRunDirectory();
  process.stdout.write(path);
  setInterval(() => {}, 1000);
`;

async function otherProcess(base: string) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, FLEXILIB_RUN_DIR: base },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [path] = await once(child.stdout, 'data');
  const kill = async () => {
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  return { path: String(path), kill };
}

it('is private, and gone when it is closed', async () => {
  const base = join(temporaryFolder(), 'made-for-us');
  const directory = await openRunDirectory({ FLEXILIB_RUN_DIR: base });
  expect(statSync(directory.path!).mode & 0o777).toBe(0o700);
  await directory.close();
  expect(readdirSync(base)).toEqual([]);
});

it('removes what killed processes left, and nothing else', async () => {
  const base = temporaryFolder();
  const outside = join(temporaryFolder(), '.lib.so.flexilib-1-1');
  const alive = await otherProcess(base);
  const killed = await otherProcess(base);
  writeFileSync(join(killed.path, '1-lib.so'), 'x');
  writeFileSync(outside, 'x');
  symlinkSync(outside, join(killed.path, '2-lib.so.beside'));
  mkdirSync(join(base, 'flexilib-ended0')); // as it started
  // Of someone else.
  mkdirSync(join(base, 'flexilib-main'));
  mkdirSync(join(base, 'flexilib-source/precious'), { recursive: true });
  mkdirSync(join(base, 'flexilib-backup/precious'), { recursive: true });
  mkdirSync(join(base, 'other'));
  await killed.kill();
  try {
    const directory = await openRunDirectory({ FLEXILIB_RUN_DIR: base });
    const left = readdirSync(base).map((name) => join(base, name));
    expect(left.sort()).toEqual(
      [
        directory.path!,
        alive.path,
        ...['main', 'source', 'backup'].map((name) => join(base, `flexilib-${name}`)),
        join(base, 'other'),
      ].sort(),
    );
    expect(existsSync(outside)).toBe(false);
    await directory.close();
  } finally {
    await alive.kill();
  }
});

it('is in the folder of the server, which outlives it, when there is one', async () => {
  const shared = temporaryFolder();
  const elsewhere = temporaryFolder();
  const env = { FLEXILIB_SHARED_DIR: shared, FLEXILIB_RUN_DIR: elsewhere };
  const [one, two] = [await openRunDirectory(env), await openRunDirectory(env)];
  expect([one.shared, two.shared]).toEqual([shared, shared]);
  expect(one.path).toMatch(shared);
  expect(one.path).not.toBe(two.path);
  writeFileSync(join(shared, 'health', 'a'), '');
  await one.close();
  await two.close();
  await (await openRunDirectory(env)).close();
  expect(readdirSync(shared).sort()).toEqual(['health', 'kept']);
  expect(readdirSync(join(shared, 'health'))).toEqual(['a']);
  expect(readdirSync(elsewhere)).toEqual([]);
});

it('is itself what is shared when the process is alone', async () => {
  const directory = await openRunDirectory({ FLEXILIB_RUN_DIR: temporaryFolder() });
  expect(directory.shared).toBe(directory.path);
  await directory.close();
  expect(existsSync(directory.path!)).toBe(false);
  const nowhere = await openRunDirectory({ FLEXILIB_SHARED_DIR: '/proc/nowhere' });
  expect([nowhere.path, nowhere.shared]).toEqual([null, null]);
});

it('takes systemd’s directory when none is named', async () => {
  const base = temporaryFolder();
  const directory = await openRunDirectory({ RUNTIME_DIRECTORY: base });
  expect(directory.path).toMatch(base);
  await directory.close();
});

it.skipIf(process.getuid?.() !== 0)('shares nothing with another user', async () => {
  const shared = temporaryFolder();
  chownSync(shared, 65534, 65534);
  const directory = await openRunDirectory({ FLEXILIB_SHARED_DIR: shared });
  expect(directory).toMatchObject({ path: null, shared: null, problem: `${shared} is another user's` });
  expect(readdirSync(shared)).toEqual([]);
});
