import type { Area } from '@flexilib/native';

/** A request of the largest kind (parse.ts), and one byte for the parser. */
export const SLAB_SIZE: number = 96 << 10;
const PAGE = 4096;

/** The memory that requests are read into, in pieces of SLAB_SIZE. */
export interface Slabs {
  readonly bytes: Buffer;
  /** Of bytes[0]. */
  readonly address: number;
  /** In use. */
  readonly taken: number;
  /** Few are left: those who can do without should. */
  readonly scarce: boolean;
  /** Offset of a free slab, the one given back last; -1: there is none. */
  take(): number;
  /** used: bytes of it that were written. */
  give(slab: number, used: number): void;
  /** Gives the pages of all that are free back. */
  trim(): void;
}

/** area has room for count slabs. */
export function createSlabs({ bytes, address, forget }: Area, count: number): Slabs {
  const free = new Int32Array(count);
  for (let i = 0; i < count; i++) free[i] = (count - 1 - i) * SLAB_SIZE;
  let left = count;
  return {
    bytes,
    address,
    get taken() {
      return count - left;
    },
    get scarce() {
      return left < count >> 3;
    },
    take() {
      if (left === 0) return -1;
      left -= 1;
      return free[left];
    },
    give(slab, used) {
      // The deeper in the stack, the longer until it is used again.
      if (used > PAGE && left < count - 16) forget(slab, SLAB_SIZE);
      free[left] = slab;
      left += 1;
    },
    trim() {
      for (let i = 0; i < left; i++) forget(free[i], SLAB_SIZE);
    },
  };
}
