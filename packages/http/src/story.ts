// What there is to know of an exchange beside its answer, for who looks on (dev.ts).
import type { FlexilibError } from '@flexilib/native';

/** Why a request has an answer of the server's own: what the log tells, or the error of a library that isn't there. */
export type Story = string | FlexilibError;

/** A call, looked at closely. */
export interface Measured {
  /** The library's path, and which of its builds it was. */
  library: string;
  generation: number;
  /** Milliseconds inside. */
  took: number;
  /** Bytes: asked of the arena; and of malloc's left behind, if that is measured (Runtime.watchHeap). */
  allocated: number;
  left: number;
}
