// Generated from src/definition.ts of @flexilib/abi-headers by `npm run generate`: do not edit.

export const ABI_VERSION = 1;

/** Levels of `host.log`. */
export const logLevels = {
  error: 0,
  warning: 1,
  info: 2,
  debug: 3,
} as const;

/** A header field of a request or a response. */
export const header = {
  size: 32,
  offsets: {
    name_ptr: 0,
    name_len: 8,
    value_ptr: 16,
    value_len: 24,
  },
} as const;

/** A request. */
export const request = {
  size: 64,
  offsets: {
    target: 0,
    target_len: 8,
    method: 16,
    method_len: 24,
    content: 32,
    content_len: 40,
    headers: 48,
    headers_len: 56,
  },
} as const;

/** A response. */
export const response = {
  size: 56,
  offsets: {
    ptr: 0,
    len: 8,
    headers: 16,
    headers_len: 24,
    status: 32,
    reason_ptr: 40,
    reason_len: 48,
  },
} as const;

/** What the server offers to a library: flexilib_load hands it over. */
export const host = {
  size: 56,
  offsets: {
    size: 0,
    alloc: 8,
    resize: 16,
    free: 24,
    log: 32,
    remaining_ns: 40,
    refuse: 48,
  },
} as const;
