import koffi from 'koffi';

const LOCK_EX = 2;
const LOCK_NB = 4;
const MFD_CLOEXEC = 1;

const libc = koffi.load('libc.so.6');
const flock = libc.func('int flock(int, int)');
const memfd = libc.func('int memfd_create(const char *, unsigned int)');
const exit = libc.func('void _exit(int)');

/** flock(2), without waiting: true when this process now holds the lock of the open file. */
export function tryLock(fd: number): boolean {
  return flock(fd, LOCK_EX | LOCK_NB) === 0;
}

/** memfd_create(2): the descriptor of an anonymous file in memory, which the caller closes; -1 on failure. */
export function createMemfd(name: string): number {
  return memfd(name, MFD_CLOEXEC);
}

/** _exit(2): at once, without the destructors of libraries that threads may still be inside of. */
export function exitNow(code: number): never {
  exit(code);
  throw new Error('unreachable');
}
