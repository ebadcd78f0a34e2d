import type { Address, Binding } from './binding.ts';
import type { ErrorCode } from './errors.ts';

/** A library that is loaded; opaque to everyone but the runtime. */
export interface Library {
  readonly address: Address;
  readonly id: number;
  /** It exports flexilib_nonblocking: its author says that it never blocks. */
  readonly nonblocking: boolean;
}

/** Why a library could not be loaded: a code, and what the system or the library itself said. */
export interface LoadFailure {
  code: ErrorCode;
  text: string;
}

// The order is that of fl_load_failure in runtime/runtime.h.
const failures: (ErrorCode | null)[] = [
  null,
  'FL_LIBRARY_LINK',
  'FL_LIBRARY_SYMBOL',
  'FL_LIBRARY_ABI',
  'FL_LIBRARY_REFUSED',
  'FL_LIBRARY_CRASHED',
];

/** What the runtime says of a load that has ended; null means that it went well. */
export function readFailure(binding: Binding, library: Address): LoadFailure | null {
  const code = failures[binding.libraryFailure(library)];
  return code ? { code, text: binding.libraryError(library) } : null;
}
