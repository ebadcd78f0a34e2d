import { readdirSync, readFileSync } from 'node:fs';
import type { Server } from './server.ts';

/** Whether a process runs; one that has ended and wasn't waited for doesn't. */
export function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** Numbers of its children, the oldest first. */
export function childrenOf(pid: number): number[] {
  const list = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return list === '' ? [] : list.split(' ').map(Number);
}

/** Numbers of the processes whose command line has this text. */
export const processes = (what: string): number[] =>
  readdirSync('/proc')
    .filter((pid) => {
      try {
        return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(what);
      } catch {
        return false; // it has gone
      }
    })
    .map(Number);

export const lines = (server: Server, of: RegExp): string[] =>
  server.stderr().filter((line) => of.test(line));
