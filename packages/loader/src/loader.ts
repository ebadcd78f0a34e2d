import { join } from 'node:path';
import { FlexilibError, type Runtime } from '@flexilib/native';
import { choose, takeOver } from './choose.ts';
import { createExecutor, type Executor } from './executor.ts';
import { explain, objection, threadsLeft } from './explain.ts';
import { createGeneration, type Generation } from './generation.ts';
import { createJudge, type Verdict } from './judge.ts';
import { createKept } from './kept.ts';
import { isOwn, type RunDirectory } from './run-directory.ts';
import { requireSignature, type Verify } from './signed.ts';
import { type StagedLibrary, stage } from './stage.ts';

export interface LoaderOptions {
  runtime: Runtime;
  runDirectory: RunDirectory;
  /** What must be true of a build before any of its code runs; nothing is, unless it is given. */
  verify?: Verify;
  /** No route needs it any more. */
  onUnwanted(path: string): void;
  /**
   * A wanted file holds these bytes, by their SHA-256, and what to do with them is known: they are loaded, can't or
   * mustn't be. null: it is to be watched, whatever it holds, since its load has failed.
   */
  onSeen(path: string, hash: string | null): void;
  onLoaded(path: string, generation: Generation, milliseconds: number): void;
  onFailed(path: string, error: FlexilibError, serving: Generation | null): void;
  /** It crashed too often and isn't called as it is any more (worse), or is called again. Told by one process of all. */
  onHealth(path: string, text: string, worse: boolean): void;
  /** Something to know that stops nobody: a library that won't unload, a place that forbids execution. */
  onProblem(path: string, text: string): void;
}

/** All executors of a server. Main thread only. */
export interface Loader {
  /** The executor of an absolute path, made when it isn't there; nothing is loaded yet. */
  executor(path: string): Executor;
  /** Retires every executor that isn't in the list. */
  keepOnly(paths: ReadonlySet<string>): void;
  /** The path of the library that the runtime calls by this id (ExecutorLog.library). */
  pathOf(libraryId: number): string | undefined;
  /** Retires all; settles when all are unloaded. */
  close(): Promise<void>;
}

export function createLoader(options: LoaderOptions): Loader {
  const { runtime } = options;
  const { shared } = options.runDirectory;
  const executors = new Map<string, Executor>();
  const paths = new Map<number, string>();
  const troubled = new Set<string>();
  let nextId = 0;
  let directory = options.runDirectory.path;

  const kept = createKept(shared && join(shared, 'kept'), onDiskError);
  const judge = createJudge({ shared, kept, onChange: options.onHealth, onProblem: onDiskError });
  const choosing = {
    judge,
    kept,
    onSeen,
    verify,
    stage: (path: string, from?: string) => stage(path, nextId++, placeOf(path), from),
  };

  /** The run directory, as long as it is there; null: memory. */
  function placeOf(path: string): string | null {
    if (directory !== null && !isOwn(directory)) {
      options.onProblem(path, `${directory} is gone, or another user's: copies live in memory from now on`);
      directory = null;
    }
    return directory;
  }

  async function verify(path: string, staged: StagedLibrary, kept: string | null): Promise<void> {
    if (!options.verify) return;
    staged.signature = await requireSignature(
      options.verify,
      path,
      staged.path,
      staged.hash,
      staged.facts,
      kept,
    );
  }

  /** A load may end when nobody wants the library any more. */
  function onSeen(path: string, hash: string | null): void {
    if (executors.has(path)) options.onSeen(path, hash);
  }

  /** Once a library: what can't be written now can't be written a moment later. */
  function onDiskError(path: string, { message }: Error): void {
    if (troubled.has(path)) return;
    troubled.add(path);
    options.onProblem(path, `its crashes or its last good build can't be remembered: ${message}`);
  }

  async function load(
    path: string,
    number: number,
    serving: Generation | null,
  ): Promise<Generation | Verdict | null> {
    const begun = performance.now();
    const choice = await choose(path, serving, choosing);
    if (choice === null || 'until' in choice) return choice;
    const { staged, older } = choice;
    try {
      const generation = await open(path, number, staged, older);
      judge.returned(path, staged.hash);
      if (!older) {
        if (executors.has(path)) await takeOver(path, staged, judge, kept);
        onSeen(path, staged.hash);
      }
      options.onLoaded(path, generation, performance.now() - begun);
      return generation;
    } catch (error) {
      if (directory === null || !isExecutionForbidden(error)) {
        if (!older) onSeen(path, staged.hash); // or the watcher, too, would have these bytes tried
        throw error;
      }
      options.onProblem(path, `${directory} forbids execution (noexec): copies live in memory from now on`);
      directory = null;
      return load(path, number, serving);
    }
  }

  /** Removes the copy if it can't be used. */
  async function open(
    path: string,
    number: number,
    staged: StagedLibrary,
    older: boolean,
  ): Promise<Generation> {
    let stillMapped = false;
    try {
      const against = objection(path, staged.facts);
      if (against) throw against;
      paths.set(staged.id, path);
      const library = await runtime.load(staged.path, staged.id);
      if ('code' in library) {
        stillMapped = library.stillMapped;
        if (library.threads > 0)
          options.onProblem(path, `the build that failed stays in memory: ${threadsLeft(library.threads)}`);
        throw explain(path, library.code, library.text);
      }
      const onProblem = (text: string) => options.onProblem(path, text);
      const generation = createGeneration({ number, library, staged, older, runtime, onProblem });
      generation.gone.then(() => paths.delete(staged.id));
      return generation;
    } catch (error) {
      paths.delete(staged.id);
      // The path of a copy in memory would be another library's, and dlopen(3) give this one for it.
      if (!stillMapped) await staged.remove();
      throw error;
    }
  }

  return {
    executor(path) {
      let executor = executors.get(path);
      if (!executor) {
        executor = createExecutor({
          path,
          load: (number, serving) => load(path, number, serving),
          judge: (serving, before) => judge.crashed(path, serving, before),
          onFailed(error, serving) {
            onSeen(path, null);
            options.onFailed(path, error, serving);
          },
        });
        executors.set(path, executor);
      }
      return executor;
    },
    keepOnly(wanted) {
      for (const [path, executor] of executors) {
        if (wanted.has(path)) continue;
        executors.delete(path);
        options.onUnwanted(path);
        executor.retire();
        judge.forget(path);
        kept.forget(path);
      }
    },
    pathOf: (id) => paths.get(id),
    async close() {
      const all = [...executors.values()];
      executors.clear();
      await Promise.all(all.map((executor) => executor.retire()));
    },
  };
}

/** mmap(2) gives EPERM on a file system mounted noexec; dlerror(3) says it like this. */
function isExecutionForbidden(error: unknown): boolean {
  return error instanceof FlexilibError && /failed to map segment from shared object/.test(error.message);
}
