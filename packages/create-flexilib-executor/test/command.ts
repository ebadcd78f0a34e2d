// The built command as its users run it: a process, without a terminal or on one.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

export const packageFolder: string = join(import.meta.dirname, '..');
const command = join(packageFolder, 'dist/create-flexilib-executor.cjs');

export interface Outcome {
  status: number | null;
  out: string;
  err: string;
}

/** What npm, turbo and CI put into the tests' environment is not the command's to see. */
function environment(extra: Record<string, string>): NodeJS.ProcessEnv {
  const { CI: _ci, NO_COLOR: _color, npm_config_user_agent: _agent, ...rest } = process.env;
  return { ...rest, TERM: 'xterm', ...extra };
}

export function create(args: string[], cwd: string, env: Record<string, string> = {}): Outcome {
  const options = { cwd, env: environment(env), encoding: 'utf8', input: '' } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], options);
  return { status, out: stdout, err: stderr };
}

/** script(1) gives its child a pseudo-terminal; it is part of util-linux. */
export const hasScript: boolean = spawnSync('script', ['--version']).status === 0;
if (!hasScript)
  console.log('create: the tests of the prompts are skipped, script is missing (apt install bsdutils)');

/** On a terminal: each time the text before it comes up, the keys after it are pressed. */
export function createOnTerminal(
  args: string,
  cwd: string,
  dialogue: [sees: string, presses: string][],
  env: Record<string, string> = {},
): Promise<Outcome> {
  const inside = `stty cols 120 rows 40; exec ${process.execPath} ${command} ${args}`;
  const child = spawn('script', ['-qec', inside, '/dev/null'], { cwd, env: environment(env) });
  const steps = [...dialogue];
  let out = '';
  let seen = 0;
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    out += chunk;
    const step = steps[0];
    if (!step || !stripVTControlCharacters(out.slice(seen)).includes(step[0])) return;
    steps.shift();
    seen = out.length;
    child.stdin.write(step[1]);
  });
  const overdue = setTimeout(() => child.kill('SIGKILL'), 20_000);
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (status) => {
      clearTimeout(overdue);
      resolve({ status, out, err: '' });
    });
  });
}

/** A temporary folder, what makes an empty one in it whose name a project may have, and what takes all away. */
export function scratch(): { folder: string; empty: () => string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'flexilib-create-'));
  let count = 0;
  return {
    folder,
    empty() {
      const path = join(folder, `case${count++}`);
      mkdirSync(path);
      return path;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export const keys = { enter: '\r', down: '\x1b[B', interrupt: '\x03' } as const;

export function run(program: string, args: string[], cwd: string): string {
  return execFileSync(program, args, { cwd, encoding: 'utf8', stdio: 'pipe' });
}
