import { FlexilibError, type Runtime } from '@flexilib/native';
import { createExecutor, type Executor } from './executor.ts';
import { explain, objection, threadsLeft } from './explain.ts';
import { createGeneration, type Generation } from './generation.ts';
import type { RunDirectory } from './run-directory.ts';
import { stage } from './stage.ts';

export interface LoaderOptions {
  runtime: Runtime;
  runDirectory: RunDirectory;
  /** No route needs it any more. */
  onUnwanted(path: string): void;
  onLoaded(path: string, generation: Generation, milliseconds: number): void;
  onFailed(path: string, error: FlexilibError, serving: Generation | null): void;
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
  const executors = new Map<string, Executor>();
  const paths = new Map<number, string>();
  let nextId = 0;
  let directory = options.runDirectory.path;

  async function load(path: string, number: number, servedHash: string | null): Promise<Generation | null> {
    const begun = performance.now();
    const id = nextId++;
    const staged = await stage(path, id, directory);
    let stillMapped = false;
    try {
      if (staged.hash === servedHash) {
        await staged.remove();
        return null;
      }
      const against = objection(path, staged.facts);
      if (against) throw against;
      paths.set(id, path);
      const library = await runtime.load(staged.path, id);
      if ('code' in library) {
        stillMapped = library.stillMapped;
        if (library.threads > 0)
          options.onProblem(path, `the build that failed stays in memory: ${threadsLeft(library.threads)}`);
        throw explain(path, library.code, library.text);
      }
      const generation = createGeneration({
        number,
        library,
        staged,
        runtime,
        onProblem: (text) => options.onProblem(path, text),
      });
      generation.gone.then(() => paths.delete(id));
      options.onLoaded(path, generation, performance.now() - begun);
      return generation;
    } catch (error) {
      paths.delete(id);
      // The path of a copy in memory would be another library's, and dlopen(3) give this one for it.
      if (!stillMapped) await staged.remove();
      if (directory === null || !isExecutionForbidden(error)) throw error;
      options.onProblem(path, `${directory} forbids execution (noexec): copies live in memory from now on`);
      directory = null;
      return load(path, number, servedHash);
    }
  }

  return {
    executor(path) {
      let executor = executors.get(path);
      if (!executor) {
        executor = createExecutor({
          path,
          load: (number, hash) => load(path, number, hash),
          onFailed: (error, serving) => options.onFailed(path, error, serving),
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
      }
    },
    pathOf: (id) => paths.get(id),
    async close() {
      await Promise.all([...executors.values()].map((executor) => executor.retire()));
    },
  };
}

/** mmap(2) gives EPERM on a file system mounted noexec; dlerror(3) says it like this. */
function isExecutionForbidden(error: unknown): boolean {
  return error instanceof FlexilibError && /failed to map segment from shared object/.test(error.message);
}
