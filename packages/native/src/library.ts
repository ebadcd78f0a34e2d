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
  /** It is in memory all the same. */
  stillMapped: boolean;
  /** Because so many threads still run its code. */
  threads: number;
}

/** How a library went. */
export interface Unloaded {
  /** It did not: something keeps it. */
  stillMapped: boolean;
  /** So many threads still run its code. */
  threads: number;
  /** flexilib_unload or a destructor crashed. */
  crash: LoadFailure | null;
}

// The order is that of fl_load_failure in runtime/runtime.h.
const failures: (ErrorCode | null)[] = [
  null,
  'FL_LIBRARY_LINK',
  'FL_LIBRARY_SYMBOL',
  'FL_LIBRARY_ABI',
  'FL_LIBRARY_REFUSED',
  'FL_LIBRARY_CRASHED',
  'FL_LIBRARY_TIMEOUT',
];

/** What the runtime says of a step that has ended; null means that it went well. */
export function readFailure(binding: Binding, library: Address): LoadFailure | null {
  const code = failures[binding.libraryFailure(library)];
  if (!code) return null;
  return {
    code,
    text: binding.libraryError(library),
    stillMapped: binding.libraryStillMapped(library) === 1,
    threads: binding.libraryThreadsLeft(library),
  };
}
