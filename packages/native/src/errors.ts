/** `user`: who wrote the library, the configuration or the request can mend it; `system`: the machine or FlexiLib. */
export type Kind = 'user' | 'system';

/** Every code that FlexiLib throws or logs, and whose fault it is. */
const codes = {
  /** The runtime's .so can't be opened or started: not built, wrong platform, out of threads. */
  FL_RUNTIME: 'system',
  /** A library's file can't be read. */
  FL_LIBRARY_MISSING: 'user',
  /** A library's file is no whole ELF shared library for this machine. */
  FL_LIBRARY_FORMAT: 'user',
  /** dlopen(3) refused: a needed library or symbol is missing, glibc is too old. */
  FL_LIBRARY_LINK: 'user',
  /** The library exports no handle_request. */
  FL_LIBRARY_SYMBOL: 'user',
  /** flexilib_abi_version gave a version that this server doesn't know. */
  FL_LIBRARY_ABI: 'user',
  /** The library's flexilib_load called host->refuse. */
  FL_LIBRARY_REFUSED: 'user',
  /** A constructor or flexilib_load crashed, or a constructor ended the process that tried it. */
  FL_LIBRARY_CRASHED: 'user',
  /** A constructor or flexilib_load didn't end in time. */
  FL_LIBRARY_TIMEOUT: 'user',
  /** The library crashed again and again, and isn't called for a while. */
  FL_LIBRARY_OUT: 'user',
  /** A request that can't be made of a library: more than a server takes, or the library is closed. */
  FL_CALL_REQUEST: 'user',
  /** A call has crashed, or has ended its process. */
  FL_CALL_CRASHED: 'user',
  /** A call has not returned in time. */
  FL_CALL_TIMEOUT: 'user',
  /** handle_request returned NULL, or a response that no server sends. */
  FL_CALL_ANSWER: 'user',
  /** A library has no signature, or not one by the key that `require_signature` names, or was altered since. */
  FL_LIBRARY_SIGNATURE: 'user',
  /** A signature can't be made, or what is verified isn't what was signed. */
  FL_SIGNATURE: 'user',
  /** A registry can't be reached, refuses, or gave something else than was asked for. */
  FL_REGISTRY: 'user',
  /** The private copy of a library can't be made: disk full, no place that allows execution. */
  FL_STAGING: 'system',
  /** A compiler or build tool that a project needs isn't installed. */
  FL_TOOLCHAIN: 'user',
  /** A project doesn't build, or `flexilib dev` can't load what was built: the message is what was said of it. */
  FL_BUILD: 'user',
  /** The command line is wrong. */
  FL_USAGE: 'user',
  /** The configuration is wrong; the message names every error. */
  FL_CONFIG: 'user',
  /** The address can't be listened on. */
  FL_LISTEN: 'user',
  /** The installed files don't serve; what served before does. */
  FL_UPGRADE: 'user',
} as const;

export type ErrorCode = keyof typeof codes;
export const errorCodes: Readonly<Record<ErrorCode, Kind>> = codes;

/** The one error class. The message says what, where and, if known, how to mend it; match on `code`. */
export class FlexilibError extends Error {
  readonly code: ErrorCode;
  /** The file it is about. */
  readonly path: string | undefined;

  constructor(code: ErrorCode, message: string, details: { path?: string; cause?: unknown } = {}) {
    super(message, { cause: details.cause });
    this.name = 'FlexilibError';
    this.code = code;
    this.path = details.path;
  }

  /** Whose fault it is. */
  get kind(): Kind {
    return errorCodes[this.code];
  }
}
