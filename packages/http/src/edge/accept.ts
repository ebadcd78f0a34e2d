import { Errno, type Sockets } from '@flexilib/native';

/** Connections that the kernel holds until they are accepted. */
const BACKLOG = 511;
/** Accepted in a row. */
const IN_A_ROW = 64;
/** No descriptors are left: until the next try. */
const RETRY_MS = 100;

export interface Acceptor {
  /** Binds and accepts. Gives the port, or a negative errno. */
  listen(host: string, port: number): number;
  readonly fd: number;
  /** The listener is readable. */
  accept(): void;
  /** There is room again. */
  resume(): void;
  close(): void;
}

export interface AcceptOptions {
  sockets: Sockets;
  hasRoom(): boolean;
  onConnection(fd: number, peer: string): void;
  /** No descriptors are left: connections wait. */
  onTrouble(text: string): void;
}

/** Accepts while there is room; what comes beyond that waits in the kernel. */
export function createAcceptor({ sockets, hasRoom, onConnection, onTrouble }: AcceptOptions): Acceptor {
  let listener = -1;
  let watched = false;
  let told = false;
  let timer: NodeJS.Timeout | undefined;

  function resume(): void {
    if (!watched && listener >= 0) watched = sockets.watchListener(listener) === 0;
  }

  function pause(): void {
    if (watched) sockets.unwatch(listener);
    watched = false;
  }

  function onOutOfFiles(): void {
    if (!told)
      onTrouble('no file descriptors are left, new connections wait; ulimit -n sets how many there are');
    told = true;
    pause();
    clearTimeout(timer);
    timer = setTimeout(resume, RETRY_MS);
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
    accept() {
      for (let i = 0; i < IN_A_ROW; i++) {
        if (!hasRoom()) {
          pause();
          return;
        }
        const fd = sockets.accept(listener);
        if (fd === Errno.outOfFiles || fd === Errno.outOfFilesInSystem) {
          onOutOfFiles();
          return;
        }
        if (fd === Errno.again) return;
        if (fd >= 0) onConnection(fd, sockets.lastPeer()); // else the client has gone already
      }
    },
    resume,
    close() {
      clearTimeout(timer);
      if (listener < 0) return;
      pause();
      sockets.close(listener);
      listener = -1;
    },
  };
}
