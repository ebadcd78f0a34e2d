import { Errno, type Sockets } from '@flexilib/native';

/** Connections that the kernel holds until they are accepted. */
const BACKLOG = 511;
/** Accepted in a row. */
const IN_A_ROW = 64;
/** No descriptors, or no memory, are left: until the next try. */
const RETRY_MS = 100;
/** errno(3): ENOMEM, ENOBUFS. */
const OUT_OF_MEMORY: readonly number[] = [-12, -105];

export interface Acceptor {
  /** Binds and accepts. Gives the port, or a negative errno. */
  listen(host: string, port: number): number;
  readonly fd: number;
  /** The listener is readable. True: it may still be. */
  accept(): boolean;
  /** There is room again. */
  resume(): void;
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
  let listener = -1;
  let watched = false;
  let told = '';
  let timer: NodeJS.Timeout | undefined;

  function resume(): void {
    if (!watched && listener >= 0) watched = sockets.watchListener(listener) === 0;
  }

  function pause(): void {
    if (watched) sockets.unwatch(listener);
    watched = false;
  }

  function waitFor(what: string): void {
    if (told !== what) onTrouble(`no ${what}`);
    told = what;
    pause();
    clearTimeout(timer);
    timer = setTimeout(resume, RETRY_MS);
  }

  function accept(): boolean {
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

  return {
    get fd() {
      return listener;
    },
    listen(host, port) {
      const fd = sockets.listen(host, port, BACKLOG);
      if (fd < 0) return fd;
      listener = fd;
      resume();
      return sockets.port(fd);
    },
    accept,
    resume,
    close() {
      if (listener < 0) return;
      // What waits in the kernel would be reset.
      while (accept());
      clearTimeout(timer);
      pause();
      sockets.close(listener);
      listener = -1;
    },
  };
}
