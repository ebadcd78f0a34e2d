import { Buffer } from 'node:buffer';
import koffi from 'koffi';
import { addressOf } from './binding.ts';
import { FlexilibError } from './errors.ts';

const UV_READABLE = 1;
const UV_POLL = 8; // uv_handle_type

/** Of handle, status, events. Without a name: koffi takes each once a process, and this module may be there twice, in two bundles. */
const PollCallback = koffi.proto('void', ['void *', 'int', 'int']);

/** A file descriptor watched by Node's own event loop. */
export interface Poll {
  /** Stops watching; the descriptor stays the caller's. */
  close(): void;
}

/**
 * Calls back on the event loop while fd is readable: libuv's uv_poll_t, whose functions the node binary exports
 * (http://docs.libuv.org/en/v1.x/poll.html). Main thread only: uv_default_loop() is the main thread's loop.
 * The handle keeps the process alive until it is closed, unless it is in the background. Throws FL_RUNTIME.
 */
export function pollReadable(fd: number, onReadable: () => void, background = false): Poll {
  const node = koffi.load(null);
  const callback = koffi.pointer(PollCallback);
  const defaultLoop = node.func('size_t uv_default_loop()');
  const init = node.func('int uv_poll_init(size_t, size_t, int)');
  const start = node.func('uv_poll_start', 'int', ['size_t', 'int', callback]);
  const stop = node.func('int uv_poll_stop(size_t)');
  const close = node.func('void uv_close(size_t, size_t)');
  const handleSize = node.func('size_t uv_handle_size(int)');

  const handle = Buffer.from(new ArrayBuffer(handleSize(UV_POLL)));
  const address = addressOf(handle);
  const registered = koffi.register(() => {
    try {
      onReadable();
    } catch (error) {
      // Thrown through libuv it would be lost.
      setImmediate(() => {
        throw error;
      });
    }
  }, callback);
  const status = init(defaultLoop(), address, fd) || start(address, UV_READABLE, registered);
  if (status !== 0) throw new FlexilibError('FL_RUNTIME', `uv_poll_start: error ${status}`);
  if (background) node.func('void uv_unref(size_t)')(address);
  return {
    close() {
      stop(address);
      close(address, 0);
      // libuv finishes the closing in its next turn: handle must live until then.
      setImmediate(() =>
        setImmediate(() => {
          koffi.unregister(registered);
          handle.fill(0);
        }),
      );
    },
  };
}
