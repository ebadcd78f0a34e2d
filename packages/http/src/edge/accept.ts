import { Errno, type Sockets } from '@flexilib/native';

/** Accepted in a row. */
const IN_A_ROW = 64;
/** No descriptors, or no memory, are left: until the next try. */
const RETRY_MS = 100;
/** errno(3): ENOMEM, ENOBUFS. */
const OUT_OF_MEMORY: readonly number[] = [-12, -105];

export interface Acceptor {
  /** Accepts from these listening sockets. */
  listen(listeners: readonly number[]): void;
  /** Whether this is one of them. */
  has(fd: number): boolean;
  /** The listener is readable. True: it may still be. */
  accept(listener: number): boolean;
  /** There is room again. */
  resume(): void;
  /** Leaves what waits in the kernel to the other processes that have the same sockets. */
  leave(): void;
  /** Takes what waits in the kernel, and no more. */
  close(): void;
}

export interface AcceptOptions {
  sockets: Sockets;
  hasRoom(): boolean;
  onConnection(fd: number, peer: string): void;
  /** No descriptors, or no memory, are left: connections wait. */
  onTrouble(text: string): void;
}

/** Accepts while there is room; what comes beyond that waits in the kernel. */
export function createAcceptor({ sockets, hasRoom, onConnection, onTrouble }: AcceptOptions): Acceptor {
  let listeners: readonly number[] = [];
  let watched = false;
  let told = '';
  let timer: NodeJS.Timeout | undefined;

  function resume(): void {
    if (watched) return;
    watched = true;
    for (const listener of listeners) sockets.watchListener(listener);
  }

  function pause(): void {
    if (watched) for (const listener of listeners) sockets.unwatch(listener);
    watched = false;
  }

  function waitFor(what: string): void {
    if (told !== what) onTrouble(`no ${what}`);
    told = what;
    pause();
    clearTimeout(timer);
    timer = setTimeout(resume, RETRY_MS);
  }

  function accept(listener: number): boolean {
    for (let i = 0; i < IN_A_ROW; i++) {
      if (!hasRoom()) {
        pause();
        return false;
      }
      const fd = sockets.accept(listener);
      if (fd === Errno.outOfFiles || fd === Errno.outOfFilesInSystem) {
        waitFor('file descriptors are left, new connections wait; ulimit -n sets how many there are');
        return false;
      }
      if (OUT_OF_MEMORY.includes(fd)) {
        waitFor('memory is left in the kernel for new connections, which wait');
        return false;
      }
      if (fd === Errno.again) return false;
      if (fd >= 0) onConnection(fd, sockets.lastPeer()); // else the client has gone already
    }
    return true;
  }

  function leave(): void {
    clearTimeout(timer);
    pause();
    for (const listener of listeners) sockets.close(listener);
    listeners = [];
  }

  return {
    listen(given) {
      listeners = given;
      resume();
    },
    has: (fd) => listeners.includes(fd),
    accept,
    resume,
    leave,
    close() {
      for (const listener of listeners) while (accept(listener));
      leave();
    },
  };
}
