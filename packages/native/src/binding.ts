import koffi from 'koffi';
import { FlexilibError } from './errors.ts';
import { nativeFile } from './files.ts';

/** An address in native memory; fits a double, since user space ends at 2^47. */
export type Address = number;

export interface Binding {
  start(threads: number, arenaReserve: number): number;
  stop(): void;
  reap(pairs: Address, max: number): number;
  callNew(id: number): Address;
  callReset(call: Address): void;
  callFree(call: Address): void;
  callEnd(call: Address): void;
  invoke(call: Address): void;
  submit(call: Address): void;
  kick(): void;
  abandon(call: Address): number;
  look(call: Address, text: Address, size: number): number;
  mend(): number;
  heapWatch(): number;
  watchSupervisor(fd: number): void;
  libraryNew(path: string, id: number): Address;
  libraryFree(library: Address): void;
  libraryProbe(library: Address, probe: string, timeoutMs: number): number;
  libraryLoad(library: Address): number;
  libraryUnload(library: Address): number;
  libraryFailure(library: Address): number;
  libraryError(library: Address): string;
  libraryNonblocking(library: Address): number;
  libraryStillMapped(library: Address): number;
  libraryThreadsLeft(library: Address): number;
  libraryUnprobed(library: Address): number;
  logTake(text: Address, about: Address): number;
  memcpy(to: Address, from: Address, length: number): Address;
}

/** Sockets, epoll and the service manager; what gives a number gives -errno when it fails. */
export interface SocketBinding {
  area(size: number): Address;
  areaForget(from: Address, size: number): void;
  listen(host: string, port: number, backlog: number): number;
  adoptListener(fd: number): number;
  address(fd: number, text: Address): number;
  epoll(): number;
  watchListener(epoll: number, fd: number): number;
  unwatch(epoll: number, fd: number): number;
  accept(epoll: number, listener: number, peer: Address): number;
  connect(epoll: number, host: string, port: number): number;
  socketError(fd: number): number;
  poll(epoll: number, pairs: Address, max: number): number;
  recv(fd: number, to: Address, length: number): number;
  send(fd: number, from: Address, length: number): number;
  end(fd: number): number;
  close(fd: number): number;
  notify(text: string): void;
}

/** Binds the runtime's functions. Throws FL_RUNTIME. */
export function bind(): Binding {
  const so = load();
  const libc = koffi.load(null);
  return {
    start: so.func('int32_t fl_start(int32_t, size_t)'),
    stop: so.func('void fl_stop()'),
    reap: so.func('int32_t fl_reap(size_t, int32_t)'),
    callNew: so.func('size_t fl_call_new(int32_t)'),
    callReset: so.func('void fl_call_reset(size_t)'),
    callFree: so.func('void fl_call_free(size_t)'),
    callEnd: so.func('void fl_call_end(size_t)'),
    invoke: so.func('void fl_invoke(size_t)'),
    submit: so.func('void fl_submit(size_t)'),
    kick: so.func('void fl_kick()'),
    abandon: so.func('int32_t fl_abandon(size_t)'),
    look: so.func('int32_t fl_look(size_t, size_t, int32_t)'),
    mend: so.func('int32_t fl_mend()'),
    watchSupervisor: so.func('void fl_watch_supervisor(int32_t)'),
    libraryNew: so.func('size_t fl_library_new(const char *, int32_t)'),
    libraryFree: so.func('void fl_library_free(size_t)'),
    libraryProbe: so.func('int32_t fl_library_probe(size_t, const char *, int32_t)'),
    libraryLoad: so.func('int32_t fl_library_load(size_t)'),
    libraryUnload: so.func('int32_t fl_library_unload(size_t)'),
    libraryFailure: so.func('int32_t fl_library_failure(size_t)'),
    libraryError: so.func('const char *fl_library_error(size_t)'),
    libraryNonblocking: so.func('int32_t fl_library_nonblocking(size_t)'),
    libraryStillMapped: so.func('int32_t fl_library_still_mapped(size_t)'),
    libraryThreadsLeft: so.func('int32_t fl_library_threads_left(size_t)'),
    libraryUnprobed: so.func('int32_t fl_library_unprobed(size_t)'),
    heapWatch: so.func('int32_t fl_heap_watch()'),
    logTake: so.func('int32_t fl_log_take(size_t, size_t)'),
    memcpy: libc.func('size_t memcpy(size_t, size_t, size_t)'),
  };
}

/** There is one runtime in a process. */
let sockets: SocketBinding | null = null;

/** Binds the runtime's socket functions. Throws FL_RUNTIME. */
export function bindSockets(): SocketBinding {
  if (sockets) return sockets;
  const so = load();
  sockets = {
    area: so.func('size_t fl_area(size_t)'),
    areaForget: so.func('void fl_area_forget(size_t, size_t)'),
    listen: so.func('int32_t fl_listen(const char *, int32_t, int32_t)'),
    adoptListener: so.func('int32_t fl_adopt_listener(int32_t)'),
    address: so.func('int32_t fl_address(int32_t, size_t)'),
    epoll: so.func('int32_t fl_epoll()'),
    watchListener: so.func('int32_t fl_watch_listener(int32_t, int32_t)'),
    unwatch: so.func('int32_t fl_unwatch(int32_t, int32_t)'),
    accept: so.func('int32_t fl_accept(int32_t, int32_t, size_t)'),
    connect: so.func('int32_t fl_connect(int32_t, const char *, int32_t)'),
    socketError: so.func('int32_t fl_socket_error(int32_t)'),
    poll: so.func('int32_t fl_poll(int32_t, size_t, int32_t)'),
    recv: so.func('int32_t fl_recv(int32_t, size_t, int32_t)'),
    send: so.func('int32_t fl_send(int32_t, size_t, size_t)'),
    end: so.func('int32_t fl_end(int32_t)'),
    close: so.func('int32_t fl_close(int32_t)'),
    notify: so.func('void fl_notify(const char *)'),
  };
  return sockets;
}

function load(): ReturnType<typeof koffi.load> {
  const path = nativeFile('libflexilib_runtime.so');
  try {
    return koffi.load(path);
  } catch (cause) {
    const message = `${path}: the native runtime can't be loaded: ${(cause as Error).message}`;
    throw new FlexilibError('FL_RUNTIME', message, { path, cause });
  }
}

/** The address of a buffer's first byte. Valid while the buffer is referenced; V8 doesn't move an ArrayBuffer's memory. */
export function addressOf(buffer: Uint8Array<ArrayBuffer> | ArrayBuffer): Address {
  return Number(koffi.address(buffer));
}

/** A view of native memory. The caller makes sure that it isn't used after the memory was freed. */
export function viewOf(address: Address, length: number): ArrayBuffer {
  return koffi.view(address, length);
}
