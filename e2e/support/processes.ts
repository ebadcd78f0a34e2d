import { readdirSync, readFileSync } from 'node:fs';
import { compile } from './library.ts';
import type { Server } from './server.ts';

/** Whether a process runs; one that has ended and wasn't waited for doesn't. */
export function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
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

/** Libraries that answer «steady», and that crash. */
export const buildSteady = (): string =>
  compile(`static flexilib_response response = {.ptr = "steady", .len = 6};
    flexilib_response *handle_request(flexilib_request *request) { (void)request; return &response; }`);
export const buildCrashing = (): string =>
  compile(`flexilib_response *handle_request(flexilib_request *request) {
    return (flexilib_response *)(*(volatile size_t *)(request->content_len * 0)); }`);
