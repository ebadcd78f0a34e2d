// One build of a library, loaded. It serves until a newer one takes over, and is unloaded when its last call is out.
import { type Library, monotonicNow, type Runtime } from '@flexilib/native';
import { threadsLeft, unloadHint } from './explain.ts';
import type { StagedLibrary } from './stage.ts';

export interface Generation {
  /** 1 for the first build of this library that served. */
  readonly number: number;
  readonly library: Library;
  /** SHA-256 of its bytes. */
  readonly hash: string;
  /** An earlier build than the file's, which was left for its crashes. */
  readonly older: boolean;
  /** Monotonic milliseconds: when it was loaded. */
  readonly since: number;
  /** Calls inside, and requests that have decided for it. */
  readonly inFlight: number;
  /** Pairs with release. */
  retain(): void;
  release(): void;
  /** Unloads it as soon as nobody is inside. */
  retire(): void;
  /** Settles when it is unloaded. */
  readonly gone: Promise<void>;
}

export interface GenerationOptions {
  number: number;
  library: Library;
  staged: StagedLibrary;
  older: boolean;
  runtime: Runtime;
  /** It didn't leave, or crashed leaving; for the log. */
  onProblem(text: string): void;
}

export function createGeneration({
  number,
  library,
  staged,
  older,
  runtime,
  onProblem,
}: GenerationOptions): Generation {
  let inFlight = 0;
  let retired = false;
  let leave!: () => void;
  const gone = new Promise<void>((resolve) => {
    leave = resolve;
  });

  async function unload(): Promise<void> {
    const { stillMapped, threads, crash } = await runtime.unload(library);
    if (crash) onProblem(`generation ${number} crashed while it was unloaded: ${crash.text}`);
    else if (threads > 0) onProblem(`generation ${number} stays in memory: ${threadsLeft(threads)}`);
    else if (stillMapped)
      onProblem(`generation ${number} can't be unloaded and stays in memory: ${unloadHint(staged.facts)}`);
    // A library that stays keeps its copy: its pages come from there.
    if (!stillMapped) await staged.remove();
    leave();
  }

  const generation = {
    number,
    library,
    hash: staged.hash,
    older,
    since: monotonicNow(),
    inFlight: 0,
    gone,
    retain() {
      inFlight += 1;
      generation.inFlight = inFlight;
    },
    release() {
      inFlight -= 1;
      generation.inFlight = inFlight;
      if (retired && inFlight === 0) unload();
    },
    retire() {
      if (retired) return;
      retired = true;
      if (inFlight === 0) unload();
    },
  };
  return generation;
}
