// A file system of its own for the server's run directory, small or read-only, in a mount namespace that nobody else sees.
import { execFileSync, spawnSync } from 'node:child_process';

/** Makes mounts of its own possible: as root, or as who is root in a namespace of users. */
const unshares = [['-m'], ['-rm']].map((flags) => ['unshare', ...flags]);
const unshare = unshares.find(
  ([program, ...flags]) =>
    spawnSync(program, [...flags, 'mount', '-t', 'tmpfs', 'none', '/tmp']).status === 0,
);

export const canMount: boolean = unshare !== undefined;

/** The command that mounts so many KiB on a folder, and goes on with what follows it. */
export const withVolume = (folder: string, kilobytes: number): string[] => [
  ...unshare!,
  'sh',
  '-c',
  `mount -t tmpfs -o size=${kilobytes}k none "$0" && exec "$@"`,
  folder,
];

/** In the server's namespace. $0 is the folder. */
function enter(pid: number, folder: string, script: string): void {
  const user = unshare!.includes('-rm') ? ['-U', '--preserve-credentials'] : [];
  execFileSync('nsenter', ['-t', `${pid}`, ...user, '-m', 'sh', '-c', script, folder]);
}

export const makeRoom = (pid: number, folder: string, kilobytes: number): void =>
  enter(pid, folder, `mount -o remount,size=${kilobytes}k "$0"`);

/** From here on nothing can be written there. A mount upon it, since files of it are open for writing. */
export const makeReadOnly = (pid: number, folder: string): void =>
  enter(
    pid,
    folder,
    'for at in "$0"/* "$0"/*/*/; do mount --bind "$at" "$at" && mount -o remount,bind,ro "$at"; done',
  );
