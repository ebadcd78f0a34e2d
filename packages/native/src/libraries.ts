import type { Address, Binding } from './binding.ts';
import { type Library, type LoadFailure, readFailure, type Unloaded } from './library.ts';

export interface LibraryOptions {
  /** The program that opens each library first. */
  probe: string;
  /** What the probe, and then the load itself, may take. */
  timeoutMs: number;
  /** Told once: the probe can't be run, and libraries are loaded without it. */
  onUnprobed(text: string): void;
}

export interface Libraries {
  load(path: string, id: number): Promise<Library | LoadFailure>;
  unload(library: Library): Promise<Unloaded>;
  /** The step that this library was in has ended. */
  ended(id: number): void;
}

const noThread: LoadFailure = {
  code: 'FL_RUNTIME',
  text: 'no thread to load it on',
  stillMapped: false,
  threads: 0,
};

/** The births and deaths of libraries: each step is on a native thread of its own, and `ended` tells its end. */
export function createLibraries(
  binding: Binding,
  { probe, timeoutMs, onUnprobed }: LibraryOptions,
): Libraries {
  const waiting = new Map<number, () => void>(); // by library id
  let told = false;

  /** false: no thread could be started. */
  const onThread = (start: (library: Address) => number, library: Address, id: number) =>
    new Promise<boolean>((resolve) => {
      waiting.set(id, () => resolve(true));
      if (start(library) === 1) return;
      waiting.delete(id);
      resolve(false);
    });

  async function unload({ address, id }: Library): Promise<Unloaded> {
    if (!(await onThread(binding.libraryUnload, address, id))) {
      return { stillMapped: true, threads: 0, crash: null };
    }
    const stillMapped = binding.libraryStillMapped(address) === 1;
    const result = {
      stillMapped,
      threads: binding.libraryThreadsLeft(address),
      crash: readFailure(binding, address),
    };
    binding.libraryFree(address);
    return result;
  }

  /** In a process of its own; null means that nothing speaks against it. */
  async function tryElsewhere(address: Address, id: number): Promise<LoadFailure | null> {
    const start = (library: Address) => binding.libraryProbe(library, probe, timeoutMs);
    if (!(await onThread(start, address, id))) return noThread;
    const errno = binding.libraryUnprobed(address);
    if (errno !== 0 && !told) {
      told = true;
      onUnprobed(`${probe} can't be run (errno ${errno}): libraries are loaded untried`);
    }
    return readFailure(binding, address);
  }

  async function loadHere(address: Address, id: number): Promise<Library | LoadFailure> {
    if (!(await onThread(binding.libraryLoad, address, id))) return noThread;
    const failure = readFailure(binding, address);
    return failure ?? { address, id, nonblocking: binding.libraryNonblocking(address) === 1 };
  }

  async function load(path: string, id: number): Promise<Library | LoadFailure> {
    const address = binding.libraryNew(path, id);
    if (address === 0) return noThread;
    const failure = await tryElsewhere(address, id);
    const loading = failure ?? loadHere(address, id);
    const result = await withinTime(loading, timeoutMs);
    if (result === null) {
      // It is unloaded when it comes too late.
      Promise.resolve(loading).then((late) => {
        if ('address' in late) unload(late);
        else binding.libraryFree(address);
      });
      const text = `its constructor or flexilib_load did not return within ${timeoutMs / 1000} s`;
      return { code: 'FL_LIBRARY_TIMEOUT', text, stillMapped: true, threads: 0 };
    }
    if ('code' in result) binding.libraryFree(address);
    return result;
  }

  return {
    load,
    unload,
    ended(id) {
      const resolve = waiting.get(id);
      waiting.delete(id);
      resolve?.();
    },
  };
}

async function withinTime<T>(result: T | Promise<T>, milliseconds: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, milliseconds, null);
  });
  return Promise.race([result, timeout]).finally(() => clearTimeout(timer));
}
