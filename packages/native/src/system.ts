import koffi from 'koffi';

const LOCK_EX = 2;
const LOCK_NB = 4;
const MFD_CLOEXEC = 1;
const F_SETFD = 2;
const FD_CLOEXEC = 1;
const F_DUPFD_CLOEXEC = 1030;

const libc = koffi.load(null); // whichever this process has
const flock = libc.func('int flock(int, int)');
const memfd = libc.func('int memfd_create(const char *, unsigned int)');
const exit = libc.func('void _exit(int)');
const fcntl = libc.func('int fcntl(int, int, int)');
const execv = libc.func('int execv(const char *, const char **)');

/** Whether this process itself, without what it has opened since, defines the symbol: dlsym(3) in the global scope. */
export function definesSymbol(name: string): boolean {
  program ??= openProgram();
  return program(name);
}

let program: ((name: string) => boolean) | undefined;

function openProgram(): (name: string) => boolean {
  // Not in libc before glibc 2.34, but Node needs libdl.
  const self = koffi.load(null);
  const RTLD_LAZY = 1;
  const global = self.func('void *dlopen(const char *, int)')(null, RTLD_LAZY);
  const dlsym = self.func('void *dlsym(void *, const char *)');
  return (name) => dlsym(global, name) !== null;
}

/** The C library that this process runs on. */
export const libcName: 'glibc' | 'musl' = has('gnu_get_libc_version') ? 'glibc' : 'musl';

function has(symbol: string): boolean {
  try {
    libc.func(`void ${symbol}()`);
    return true;
  } catch {
    return false;
  }
}

/** flock(2), without waiting: true when this process now holds the lock of the open file. */
export function tryLock(fd: number): boolean {
  return flock(fd, LOCK_EX | LOCK_NB) === 0;
}

/** memfd_create(2): the descriptor of an anonymous file in memory, which the caller closes; -1 on failure. */
export function createMemfd(name: string): number {
  return memfd(name, MFD_CLOEXEC);
}

/**
 * A descriptor of the same open file that isn't one of the first three, or fd itself if there can be none. What is
 * written for the log goes there: were fd closed by a library, the next connection would be given its number.
 */
export function duplicate(fd: number): number {
  const own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  return own < 0 ? fd : own;
}

/** _exit(2): at once, without the destructors of libraries that threads may still be inside of. */
export function exitNow(code: number): never {
  exit(code);
  throw new Error('unreachable');
}

/** The descriptors end with this program, whatever it executes. */
export function closeOnExec(fds: readonly number[]): void {
  for (const fd of fds) fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/**
 * execv(3): the program takes this process's place, with its environment and standard streams, and of its other
 * descriptors those that are named. Returns only when it failed.
 */
export function replaceProcess(program: string, args: string[], keep: readonly number[]): void {
  for (const fd of [0, 1, 2, ...keep]) fcntl(fd, F_SETFD, 0); // Node closes its streams on exec too
  execv(program, [program, ...args, null]);
}
