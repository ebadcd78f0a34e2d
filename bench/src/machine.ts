// Where and with what was measured.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { root } from './paths.ts';

export interface Machine {
  date: string;
  processor: string;
  virtual: boolean;
  cores: number;
  memoryGiB: number;
  kernel: string;
  system: string;
  commit: string;
}

function field(file: string, pattern: RegExp): string | undefined {
  try {
    return pattern.exec(readFileSync(file, 'utf8'))?.[1]?.trim();
  } catch {
    return undefined;
  }
}

/** The commit, and whether something other than measurements was changed since. */
function commit(): string {
  try {
    const git = (...words: string[]) => execFileSync('git', words, { cwd: root, encoding: 'utf8' }).trim();
    const changed = git('status', '--porcelain', '--', 'apps', 'packages') !== '';
    return git('rev-parse', '--short', 'HEAD') + (changed ? ' with changes' : '');
  } catch {
    return 'unknown';
  }
}

export function machine(): Machine {
  return {
    date: new Date().toISOString().slice(0, 10),
    processor: field('/proc/cpuinfo', /^model name\s*:(.*)$/m) ?? process.arch,
    virtual: /\bhypervisor\b/.test(field('/proc/cpuinfo', /^flags\s*:(.*)$/m) ?? ''),
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    system: field('/etc/os-release', /^PRETTY_NAME="?([^"\n]*)/m) ?? process.platform,
    commit: commit(),
  };
}

/** The first number with a dot in what a program says of itself. */
export function version([program, ...rest]: string[]): string {
  const { stdout, stderr } = spawnSync(program!, rest, { encoding: 'utf8' });
  return /\d+(\.\d+)+/.exec(`${stdout}${stderr}`)?.[0] ?? 'unknown';
}
