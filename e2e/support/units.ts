// The units of deploy/systemd, as the tests need them.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './server.ts';

export const UNITS: string = join(import.meta.dirname, '../../deploy/systemd');

/** Whether this machine has systemd's tools (252 or newer); says so when it hasn't. */
export function hasSystemd(): boolean {
  const { stdout } = spawnSync('systemd-analyze', ['--version'], { encoding: 'utf8' });
  const version = Number(/^systemd (\d+)/.exec(stdout ?? '')?.[1] ?? 0);
  if (version >= 252) return true;
  process.stderr.write('the units are not checked: there is no systemd-analyze of systemd 252 or newer\n');
  return false;
}

/** Copies them, with this machine's Node and what edit makes of the service, and gives their paths. */
export function copyUnits(edit: (service: string) => string = (same) => same): {
  service: string;
  socket: string;
} {
  const folder = temporaryFolder();
  const [service, socket] = ['flexilib.service', 'flexilib.socket'].map((name) => {
    const text = readFileSync(join(UNITS, name), 'utf8').replace('=/usr/bin/node', `=${process.execPath}`);
    writeFileSync(join(folder, name), name.endsWith('.service') ? edit(text) : text);
    return join(folder, name);
  });
  return { service, socket };
}

/** The command of ExecStart=, with another configuration and FlexiLib than those of an installation. */
export function execStart(flexilib: string, config: string): string[] {
  const [, line] = /^ExecStart=(.*)$/m.exec(readFileSync(join(UNITS, 'flexilib.service'), 'utf8'))!;
  return line
    .replace('/usr/bin/node', process.execPath)
    .replace('/opt/flexilib/bin/flexilib.cjs', flexilib)
    .replace('/etc/flexilib/proxy.ini', config)
    .split(' ');
}
