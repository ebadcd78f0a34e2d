// What is different in the processes that serve for `flexilib dev`. Without it nothing of this is loaded.
import { existsSync } from 'node:fs';
import type { DevHooks } from '@flexilib/http';
import type { Executor, Generation, Loader, Refreshed } from '@flexilib/loader';
import { FlexilibError } from '@flexilib/native';
import { DEV_VARIABLE } from '@flexilib/sdk/protocol';

export interface Dev {
  hooks: DevHooks;
  /** The executors of routes: they answer nothing while their sources don't build, and never count as crashed too often. */
  executorsOf(loader: Loader): Pick<Loader, 'executor'>;
  /** A library's file was replaced by somebody else than the tool; took: milliseconds until it served. */
  replaced(library: string, refreshed: Refreshed, took: number): void;
  /** A library has logged a line. */
  logged(text: string): void;
  /** The process is about to leave, or to end. */
  leave(): void;
}

export interface DevOptions {
  /** The tool has gone. */
  end(): void;
  /** Something of a library, for its author. */
  warn(library: string, text: string): void;
}

/** Joins the tool that started this server; null: none did. Rejects when it can't be reached. */
export async function joinDev({ end, warn }: DevOptions): Promise<Dev | null> {
  const path = process.env[DEV_VARIABLE];
  if (path === undefined) return null;
  const { connectTool, createLive } = await import('@flexilib/sdk/live');
  const routed = new Map<string, Executor>();
  const tool = await connectTool(path, onBuilt, end);
  const live = createLive(tool, warn);

  function tell(library: string, build: number, { fresh, failure }: Refreshed, took: number): void {
    tool.tell({ kind: 'served', library, build, fresh, took, failure: failure?.message ?? null });
  }

  /** The file is whole, since the tool made it: nobody needs to wait for it to settle. */
  async function onBuilt(library: string, build: number): Promise<void> {
    const begun = performance.now();
    const executor = routed.get(library);
    // Without one the first request will load it.
    const refreshed = executor ? await executor.refresh() : { fresh: true, failure: null };
    tell(library, build, refreshed, performance.now() - begun);
  }

  async function acquire(executor: Executor): Promise<Generation> {
    const { failures, keepServing } = tool.state;
    const failure = failures[executor.path];
    const isServed = failure === undefined || (keepServing && existsSync(executor.path));
    if (isServed) return executor.acquire();
    throw new FlexilibError('FL_BUILD', failure.text, { path: executor.path });
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
    replaced: (library, refreshed, took) => tell(library, 0, refreshed, took),
    logged: live.logged,
    leave: live.leave,
  };
}
