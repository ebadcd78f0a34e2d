// What calls leave behind in malloc's memory. A cache fills, other threads allocate meanwhile: only what each of many
// calls leaves is a leak.
import type { Measured } from '@flexilib/http';

const CALLS = 30;
/** Bytes: less is no piece of malloc's. */
const LEAST = 16;

export interface LeakWatch {
  /** Bytes that each of the last calls of this build has left behind, at least; 0: none that is known. */
  note(measured: Measured): number;
}

/** onLeak: told once a build. */
export function createLeakWatch(onLeak: (library: string, bytes: number) => void): LeakWatch {
  const builds = new Map<string, { generation: number; last: number[]; told: boolean }>();
  return {
    note({ library, generation, left }) {
      let build = builds.get(library);
      if (build?.generation !== generation) {
        build = { generation, last: [], told: false };
        builds.set(library, build);
      }
      build.last = [...build.last.slice(1 - CALLS), left];
      const bytes = build.last.length < CALLS ? 0 : Math.min(...build.last);
      if (bytes < LEAST) return 0;
      if (!build.told) onLeak(library, bytes);
      build.told = true;
      return bytes;
    },
  };
}
