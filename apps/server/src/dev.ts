// What is different in the processes that serve for `flexilib dev`. Without it nothing of this is loaded.
import type { DevHooks } from '@flexilib/http';
import type { Executor, Loader } from '@flexilib/loader';
import { FlexilibError } from '@flexilib/native';
import { DEV_VARIABLE } from '@flexilib/sdk/protocol';

export interface Dev {
  hooks: DevHooks;
  /** The executors of routes: they answer nothing while their sources don't build, and never count as crashed too often. */
  executorsOf(loader: Loader): Pick<Loader, 'executor'>;
  /** A library could not be loaded. */
  failed(path: string, error: FlexilibError): void;
  /** A library has logged a line. */
  logged(text: string): void;
  /** The process is about to leave, or to end. */
  leave(): void;
}

/**
 * Joins the tool that started this server; null: none did. end: it has gone. warn: of a library, for its author. Rejects
 * when it can't be reached.
 */
export async function joinDev(
  end: () => void,
  warn: (library: string, text: string) => void,
): Promise<Dev | null> {
  const path = process.env[DEV_VARIABLE];
  if (path === undefined) return null;
  const { connectTool, createLive } = await import('@flexilib/sdk/live');
  const failures = new Map<string, string>();
  const routed = new Map<string, Executor>();
  const tool = await connectTool(path, onBuilt, end);
  const live = createLive(tool, warn);

  /** The file is whole, since the tool made it: nobody needs to wait for it to settle. */
  async function onBuilt(library: string, build: number): Promise<void> {
    const executor = routed.get(library);
    if (!executor) return; // the configuration with its route is not read yet
    const begun = performance.now();
    failures.delete(library);
    await executor.refresh();
    const failure = failures.get(library) ?? null;
    tool.tell({ kind: 'served', library, build, took: performance.now() - begun, failure });
  }

  function acquire(executor: Executor): ReturnType<Executor['acquire']> {
    const { failures, keepServing } = tool.state;
    const failure = keepServing ? undefined : failures[executor.path];
    if (failure === undefined) return executor.acquire();
    return Promise.reject(new FlexilibError('FL_BUILD', failure.text, { path: executor.path }));
  }

  return {
    hooks: live,
    executorsOf: (loader) => ({
      executor(path) {
        const executor = loader.executor(path);
        routed.set(path, executor);
        return Object.create(executor, {
          acquire: { value: () => acquire(executor) },
          crashed: { value: () => {} },
        });
      },
    }),
    failed: (path, error) => void failures.set(path, error.message),
    logged: live.logged,
    leave: live.leave,
  };
}
