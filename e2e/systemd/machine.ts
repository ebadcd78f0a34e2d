// A machine whose first process is systemd, in namespaces: boot.sh.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { childrenOf } from '../support/processes.ts';
import { temporaryFolder } from '../support/server.ts';
import { hasSystemd } from '../support/units.ts';

export interface Machine {
  /** Runs a command in it, and gives what it says. */
  inside(command: string, ...args: string[]): string;
  /** The number, out here, of the process that has this one in there. */
  readonly pid: number;
  stop(): Promise<void>;
}

const UNIFIED = existsSync('/sys/fs/cgroup/cgroup.controllers');
const GROUPS = UNIFIED ? '/sys/fs/cgroup' : '/sys/fs/cgroup/systemd';

/** Says why when one can't be had here. */
export function canBoot(): boolean {
  if (!hasSystemd()) return false;
  const why =
    process.getuid?.() !== 0
      ? 'only root may'
      : !existsSync('/lib/systemd/systemd')
        ? 'there is no /lib/systemd/systemd'
        : !existsSync(GROUPS)
          ? `there is no ${GROUPS}`
          : spawnSync('unshare', ['--pid', '--fork', '--mount', '--cgroup', '--net', 'true']).status !== 0
            ? 'this process may make no namespaces'
            : null;
  if (why) process.stderr.write(`systemd is not started: ${why}\n`);
  return !why;
}

/** files: a folder that is laid over its root. */
export async function boot(files: string): Promise<Machine> {
  const work = temporaryFolder();
  const group = join(GROUPS, `flexilib-test-${process.pid}`);
  writeFileSync(join(work, 'group'), group);
  const units = join(files, 'etc/systemd/system');
  mkdirSync(units, { recursive: true });
  writeFileSync(
    join(units, 'test.target'),
    '[Unit]\nDefaultDependencies=no\nRequires=systemd-journald.service\nAfter=systemd-journald.service\n',
  );
  writeFileSync(join(files, 'etc/machine-id'), `${'0123456789abcdef'.repeat(2)}\n`);
  writeFileSync(join(files, 'etc/fstab'), '');
  const script = join(import.meta.dirname, 'boot.sh');
  const child = spawn('sh', [script, work, files], { stdio: ['ignore', 'ignore', 'inherit'] });
  const gone = once(child, 'exit');
  const enter = (args: string[]) => {
    const [pid] = childrenOf(child.pid!);
    const all = ['-t', `${pid}`, '-m', '-p', '-n', '-u', '-i', '-r', '-w', ...args];
    return spawnSync('nsenter', all, { encoding: 'utf8' });
  };

  async function stop(): Promise<void> {
    child.kill('SIGKILL'); // and so its child, with all of its namespace
    await gone;
    while (existsSync(group)) {
      try {
        removeGroups(group);
      } catch {
        await sleep(50); // its processes are still on their way out
      }
    }
  }

  for (let i = 0; i < 300; i++) {
    await sleep(100);
    if (child.exitCode !== null) break;
    if (enter(['systemctl', 'is-system-running']).stdout.trim() === 'running')
      return {
        inside(...args) {
          const { stdout, stderr } = enter(args);
          return `${stdout}${stderr}`;
        },
        pid: childrenOf(child.pid!)[0],
        stop,
      };
  }
  await stop();
  throw new Error('systemd did not start');
}

function removeGroups(group: string): void {
  for (const entry of readdirSync(group, { withFileTypes: true }))
    if (entry.isDirectory()) removeGroups(join(group, entry.name));
  rmdirSync(group);
}
