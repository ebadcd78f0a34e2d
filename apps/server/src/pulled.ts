// Requests to a library that isn't pulled yet wait for it, as for a load.
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Executor, Generation, Loader } from '@flexilib/loader';
import { FlexilibError } from '@flexilib/native';
import type { PullNotes } from './pull-notes.ts';

/** As long as a load may take. */
const WAIT_MS = 10_000;
const LOOK_MS = 50;

/** The executors of `loader`, those of images with patience. isImage: of a library's path. */
export function waitForPulls(
  loader: Pick<Loader, 'executor'>,
  isImage: (path: string) => boolean,
  notes: PullNotes,
): Pick<Loader, 'executor'> {
  const known = new WeakMap<Executor, Executor>();
  const waiting = new Map<string, Promise<void>>();

  /** One looks for all requests. */
  function arrival(path: string): Promise<void> {
    let arriving = waiting.get(path);
    if (!arriving) {
      arriving = look(path, notes).finally(() => waiting.delete(path));
      waiting.set(path, arriving);
    }
    return arriving;
  }

  async function acquireLater(executor: Executor): Promise<Generation> {
    if (!existsSync(executor.path)) await arrival(executor.path);
    return executor.acquire();
  }

  return {
    executor(path) {
      const executor = loader.executor(path);
      if (!isImage(path)) return executor;
      let patient = known.get(executor);
      if (!patient) {
        const acquire = () => (executor.current ? executor.acquire() : acquireLater(executor));
        patient = Object.create(executor, { acquire: { value: acquire } }) as Executor;
        known.set(executor, patient);
      }
      return patient;
    },
  };
}

async function look(path: string, notes: PullNotes): Promise<void> {
  const late = performance.now() + WAIT_MS;
  while (!existsSync(path)) {
    const failure = notes.failure(path);
    if (failure !== null) throw new FlexilibError('FL_REGISTRY', failure, { path });
    if (performance.now() > late)
      throw new FlexilibError('FL_REGISTRY', `${path}: it is still being pulled`, { path });
    await sleep(LOOK_MS);
  }
}
