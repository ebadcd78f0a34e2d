import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { temporaryFolder } from './server.ts';

const command = join(import.meta.dirname, '../../apps/server/bin/flexilib.cjs');
const sdk = join(import.meta.dirname, '../../packages/abi-headers');
const running = new Set<ChildProcess>();

/** Writes a project's files (path to text) into a new folder. SDK in a text: where headers, module and crate are. */
export function project(files: Record<string, string>): string {
  const folder = temporaryFolder();
  for (const path of Object.keys(files)) edit(folder, path, files[path]);
  return folder;
}

export function edit(folder: string, path: string, text: string): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text.replaceAll('SDK', relative(folder, sdk))); // Zig takes relative paths only
}

/** A template's project in a new folder, as an author would have it, but for where headers, module and crate are. */
export function fromTemplate(language: string): string {
  const folder = temporaryFolder();
  const template = join(import.meta.dirname, '../../templates', language);
  const made = /^(?:dist|target|node_modules|\.zig-cache|\.turbo)$/;
  cpSync(template, folder, { recursive: true, filter: (path) => !made.test(basename(path)) });
  for (const name of ['compile_flags.txt', 'build.zig.zon', 'Cargo.toml']) {
    const file = join(folder, name);
    if (!existsSync(file)) continue;
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replaceAll('../../packages/abi-headers', relative(folder, sdk)),
    );
  }
  return folder;
}

export interface Dev {
  readonly port: number;
  readonly pid: number;
  /** Lines of standard error so far. */
  lines(): string[];
  signal(name: NodeJS.Signals): void;
  /** Settles with the exit code, or the signal's name. */
  readonly exit: Promise<number | string>;
}

/** `flexilib dev` in the folder. */
export function spawnDev(
  folder: string,
  stdio: StdioOptions,
  args: string[] = [],
  env: NodeJS.ProcessEnv = {},
): ChildProcess {
  const child = spawn(process.execPath, [command, 'dev', '--port', '0', ...args], {
    cwd: folder,
    env: { ...process.env, FLEXILIB_RUN_DIR: temporaryFolder(), ...env },
    stdio,
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

/** `flexilib dev` in the folder; settles when it serves. */
export async function startDev(
  folder: string,
  args: string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<Dev> {
  const child = spawnDev(folder, ['ignore', 'ignore', 'pipe'], args, env);
  let text = '';
  const exit = once(child, 'exit').then(([code, signal]) => code ?? signal);
  const port = await new Promise<number>((resolve, reject) => {
    child.stderr!.on('data', (data) => {
      text += data;
      const ready = /^listening on http:\/\/127\.0\.0\.1:(\d+)$/m.exec(text);
      if (ready) resolve(Number(ready[1]));
    });
    exit.then((code) => reject(new Error(`exit ${code}: ${text}`)));
  });
  return {
    port,
    pid: child.pid!,
    lines: () => text.split('\n').slice(0, -1),
    signal: (name) => child.kill(name),
    exit,
  };
}

/** For afterEach: nothing outlives its test. */
export async function stopDevs(): Promise<void> {
  await Promise.all(
    [...running].map(async (child) => {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    }),
  );
}
