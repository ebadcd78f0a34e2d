import { Buffer } from 'node:buffer';
import { type Address, addressOf, bindSockets, viewOf } from './binding.ts';
import { FlexilibError } from './errors.ts';

/** epoll_ctl(2): what a descriptor of the set reports. */
export const Event = { in: 0x1, out: 0x4, error: 0x8, hangUp: 0x10, readEnd: 0x2000 } as const;

/** errno(3), negative as the functions give it. Linux on x64 and arm64. */
export const Errno = {
  again: -11,
  brokenPipe: -32,
  reset: -104,
  outOfFiles: -24,
  outOfFilesInSystem: -23,
} as const;

const EVENTS = 128;
const PEER_MAX = 64;

/** Memory that the kernel reads into and sends from, at addresses that don't move. */
export interface Area {
  readonly bytes: Buffer;
  /** Of bytes[0]. */
  readonly address: Address;
  /** Gives pages back to the kernel; offset and length are multiples of 4096. They read as zeroes from then on. */
  forget(offset: number, length: number): void;
}

/**
 * Stream sockets in an epoll(7) set of their own, for code that does its own input and output. Descriptors are
 * non-blocking, and a connection is watched edge-triggered from accept to close. Nothing here throws but the functions
 * that say so; errors are negative errnos. Main thread only.
 */
export interface Sockets {
  /** The epoll set: readable when poll has something to tell. */
  readonly fd: number;
  /** What poll has told: descriptor and events (Event), alternately. */
  readonly events: Int32Array;
  /** Fills events without waiting, and gives how many there are. */
  poll(): number;
  watchListener(listener: number): number;
  /** Takes a descriptor out of the set. */
  unwatch(fd: number): number;
  /** The next waiting connection, watched; its peer is in lastPeer. */
  accept(listener: number): number;
  /** «1.2.3.4:567»: of the last connection accepted. */
  lastPeer(): string;
  /**
   * Begins a connection to a numeric address or, from its `/` on, the path of a Unix socket. It is watched, and writable
   * when it is there.
   */
  connect(host: string, port: number): number;
  /** Why a connection failed, as an errno; 0: nothing is known. */
  errorOf(fd: number): number;
  /** 0: the peer has ended its side. */
  recv(fd: number, to: Address, length: number): number;
  send(fd: number, from: Address, length: number): number;
  /** Ends our side: the peer reads what was sent, and then the end. */
  end(fd: number): number;
  close(fd: number): number;
  /** Memory that costs nothing until it is touched. Throws FL_RUNTIME. */
  area(size: number): Area;
}

/** Makes an epoll set. The runtime must have been started. Throws FL_RUNTIME. */
export function createSockets(): Sockets {
  const so = bindSockets();
  const fd = so.epoll();
  if (fd < 0) throw new FlexilibError('FL_RUNTIME', `epoll_create1: errno ${-fd}`);
  const events = new Int32Array(new ArrayBuffer(8 * EVENTS));
  const eventsAddress = addressOf(events.buffer);
  const peer = Buffer.from(new ArrayBuffer(PEER_MAX));
  const peerAddress = addressOf(peer);
  return {
    fd,
    events,
    poll: () => so.poll(fd, eventsAddress, EVENTS),
    watchListener: (listener) => so.watchListener(fd, listener),
    unwatch: (watched) => so.unwatch(fd, watched),
    accept: (listener) => so.accept(fd, listener, peerAddress),
    lastPeer: () => peer.toString('latin1', 0, peer.indexOf(0)),
    connect: (host, port) => so.connect(fd, host, port),
    errorOf: (failed) => -so.socketError(failed),
    recv: so.recv,
    send: so.send,
    end: so.end,
    close: so.close,
    area(size) {
      const address = so.area(size);
      if (address === 0)
        throw new FlexilibError('FL_RUNTIME', `no address space for ${size} bytes of buffers`);
      return {
        bytes: Buffer.from(viewOf(address, size)),
        address,
        forget: (offset, length) => so.areaForget(address + offset, length),
      };
    },
  };
}
