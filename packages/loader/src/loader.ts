import { FlexilibError, type Library, type Runtime } from '@flexilib/native';
import { createExecutor, type Executor } from './executor.ts';
import { explain, objection } from './explain.ts';
import { createGeneration, type Generation } from './generation.ts';
import type { RunDirectory } from './run-directory.ts';
import { stage } from './stage.ts';

/** A constructor or flexilib_load that takes longer has failed. */
const LOAD_TIMEOUT_MS = 10_000;

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
    try {
      if (staged.hash === servedHash) {
        await staged.remove();
        return null;
      }
      const against = objection(path, staged.facts);
      if (against) throw against;
      paths.set(id, path);
      const library = await withinTime(path, id, staged.path);
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
      await staged.remove();
      if (directory === null || !isExecutionForbidden(error)) throw error;
      options.onProblem(path, `${directory} forbids execution (noexec): copies live in memory from now on`);
      directory = null;
      return load(path, number, servedHash);
    }
  }

  /** Throws FL_LIBRARY_*; a library that comes too late is unloaded again. */
  async function withinTime(path: string, id: number, stagedPath: string): Promise<Library> {
    const loading = runtime.load(stagedPath, id);
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<null>((resolve) => {
      timer = setTimeout(resolve, LOAD_TIMEOUT_MS, null);
    });
    const result = await Promise.race([loading, timeout]);
    clearTimeout(timer);
    if (result === null) {
      loading.then(async (late) => {
        if ('address' in late) await runtime.unload(late);
      });
      const text = `its constructor or flexilib_load did not return within ${LOAD_TIMEOUT_MS / 1000} s`;
      throw new FlexilibError('FL_LIBRARY_TIMEOUT', `${path}: ${text}`, { path });
    }
    if ('code' in result) throw explain(path, result.code, result.text);
    return result;
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
