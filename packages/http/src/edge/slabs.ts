import type { Area } from '@flexilib/native';

/** A request of the largest kind (parse.ts), and one byte for the parser. */
export const SLAB_SIZE: number = 96 << 10;
const PAGE = 4096;
/** Bytes of free slabs that stay for the next requests; more go back to the kernel, which costs it some microseconds. */
const KEPT_MAX = 1 << 20;

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
  const written = new Int32Array(count); // bytes of each slab, in whole pages
  let kept = 0; // bytes of the free ones
  let cold = 0; // no free slab below this one has any

  /** Gives the pages of those that wait longest back. */
  const keep = (most: number) => {
    for (; kept > most; cold++) {
      const i = free[cold] / SLAB_SIZE;
      if (written[i] > 0) forget(free[cold], SLAB_SIZE);
      kept -= written[i];
      written[i] = 0;
    }
  };

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
      if (cold > left) cold = left;
      const slab = free[left];
      kept -= written[slab / SLAB_SIZE];
      return slab;
    },
    give(slab, used) {
      const i = slab / SLAB_SIZE;
      written[i] = Math.max(written[i], (used + PAGE - 1) & -PAGE);
      kept += written[i];
      free[left] = slab;
      left += 1;
      if (kept > KEPT_MAX) keep(KEPT_MAX);
    },
    trim: () => keep(0),
  };
}
