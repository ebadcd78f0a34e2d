/** The callbacks are called from the event loop, never from within a call to the watcher. They must not throw. */
export type WatcherOptions = {
  /** How long a file must keep still before it is read, in milliseconds. Default 100. */
  settle?: number;
  /** After how long a file that never keeps still is reported as it is, in milliseconds. Default 5000. */
  maxWait?: number;
  /**
   * The file holds other bytes than were last reported or made known, and they have settled.
   * `hash` is the SHA-256 of the bytes in lower-case hex. They may be anything, half a library too.
   */
  onChange(path: string, hash: string): void;
  /** The file can't be read, is gone or never settles. Told once until that state ends. */
  onProblem(path: string, message: string): void;
};

export type Watcher = {
  /**
   * Watches a file, which need not exist yet, nor its directory. `hash` is the SHA-256 (lower-case hex) of the bytes
   * the caller holds, or null when it holds none: then the bytes found are the first event. A path that is
   * watched already is watched once; its hash, unless null, is taken as by `known`. Throws after `close`.
   */
  watch(path: string, hash: string | null): void;
  /**
   * Says which bytes of the file the caller has loaded now, or has tried to. If the file holds others by then, there
   * is an event. Does nothing for a path that isn't watched.
   */
  known(path: string, hash: string): void;
  /** No event comes for this path after this returns. */
  unwatch(path: string): void;
  /** Ends everything; no event comes after the call, no handle is left once it resolves. Never rejects. */
  close(): Promise<void>;
};
