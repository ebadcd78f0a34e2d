// What users install: from a registry, with the Node that they have, and no compiler.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { text } from '../support/client.ts';
import { onlyPrograms } from '../support/programs.ts';
import { type Registry, startRegistry } from '../support/registry.ts';
import { temporaryFolder } from '../support/server.ts';

const library = join(import.meta.dirname, '../../examples/hello-c/dist/libhello_c.so');

let registry: Registry;
beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(() => registry?.close());

const started = new Set<ChildProcess>();
afterEach(() => {
  for (const child of started) process.kill(-child.pid!, 'SIGKILL'); // npx, a shell, the supervisor and the server
  started.clear();
});

const PATH = onlyPrograms('node', 'npm', 'npx', 'sh', 'env');

/** A user's folder and shell. */
function site() {
  const cwd = temporaryFolder();
  const env = {
    HOME: cwd,
    PATH,
    FLEXILIB_RUN_DIR: temporaryFolder(),
    HOST: '127.0.0.1',
    PORT: '0',
    ...registry.env,
  };
  return {
    cwd,
    run: (command: string, ...args: string[]) => promisify(execFile)(command, args, { cwd, env }),
    /** Serves until the test ends; gives the port. */
    async serve(...args: string[]): Promise<number> {
      const child = spawn('npx', ['flexilib', ...args], { cwd, env, detached: true });
      started.add(child);
      let said = '';
      const gone = once(child, 'close').then(() => {
        started.delete(child);
        throw new Error(said);
      });
      const port = new Promise<number>((resolve) => {
        child.stderr.on('data', (data) => {
          said += data;
          const ready = /^listening on http:\/\/.*:(\d+)$/m.exec(said);
          if (ready) resolve(Number(ready[1]));
        });
      });
      return Promise.race([port, gone]);
    },
  };
}

describe.each([[[]], [['--ignore-scripts']]])('npm install %j', (flags) => {
  it('brings a server that needs nothing else', { timeout: 120_000 }, async () => {
    const { cwd, run, serve } = site();
    await run('npm', 'install', ...flags, 'flexilib', '@flexilib/abi-headers');
    copyFileSync(library, join(cwd, 'libhello.so'));
    writeFileSync(join(cwd, 'proxy.ini'), '/ = ./libhello.so\n');
    expect((await run('npx', 'flexilib', '--version')).stdout).toBe('flexilib 0.1.0\n');
    expect(await text(await serve(), '/hello')).toBe('hello from C, /hello\n');
    expect(existsSync(join(cwd, 'node_modules/@flexilib/abi-headers/include/flexilib.h'))).toBe(true);
    // The native parts come once, for this platform.
    expect(readdirSync(join(cwd, 'node_modules/flexilib'), { recursive: true }).join()).not.toContain('.so');
  });
});

describe('without optional dependencies', () => {
  const why = 'Usual causes: an install with --omit=optional';

  it('says which package is missing, and why that may be', { timeout: 120_000 }, async () => {
    const { cwd, run, serve } = site();
    writeFileSync(join(cwd, 'proxy.ini'), '/ = ./lib.so\n');
    await run('npm', 'install', 'flexilib');
    rmSync(join(cwd, 'node_modules/@flexilib'), { recursive: true });
    const runtime = `error: the package @flexilib/native-linux-${process.arch}-`;
    await expect(serve()).rejects.toThrow(new RegExp(`^${runtime}.* is missing.* ${why}.*\\n$`));
    await run('npm', 'install', '--omit=optional');
    const koffi = `error: the package @koromix/koffi-linux-${process.arch} can't be loaded`;
    await expect(serve()).rejects.toThrow(new RegExp(`^${koffi}.* ${why}.*\\n$`));
  });
});
