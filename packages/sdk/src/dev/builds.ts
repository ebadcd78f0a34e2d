// One project's builds: a change begins one, a change meanwhile stops it and begins the next.
import { FlexilibError } from '@flexilib/native';
import { build, nameOf, type Project } from '../build/index.ts';
import { announced } from '../terminal.ts';

/** Editors write a file in several steps, and save several files at once. */
const PAUSE_MS = 20;

export interface Build {
  project: Project;
  /** Files that have changed since the build before, relative to the project. */
  changed: string[];
  failed: boolean;
  /** What the compiler said, warnings too. */
  said: string;
  /** Milliseconds. */
  took: number;
}

export interface Builds {
  /** A compiler runs. */
  readonly busy: boolean;
  /** A source has changed. */
  change(file: string): void;
  /** Builds now; settles when a build has ended that none came after. Never rejects. */
  run(): Promise<void>;
  stop(): void;
}

/** onDone: a build went well or not; not for those that were stopped. */
export function createBuilds(project: Project, onDone: (build: Build) => void): Builds {
  let changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let running: AbortController | null = null;
  let busy = false;
  let last: Promise<void> = Promise.resolve();

  async function once(signal: AbortSignal): Promise<void> {
    const begun = performance.now();
    const files = [...changed];
    let failed = false;
    let said = '';
    busy = true;
    try {
      const { result, output } = await announced(
        `building ${nameOf(project)}`,
        build(project, 'dev', signal),
      );
      if (result === 'stopped') return;
      failed = result === 'failed';
      said = output.trimEnd();
    } catch (error) {
      if (signal.aborted) return;
      failed = true;
      said = error instanceof FlexilibError ? error.message : String((error as Error).stack);
    } finally {
      busy = false;
    }
    for (const file of files) changed.delete(file);
    onDone({ project, changed: files, failed, said, took: performance.now() - begun });
  }

  async function run(): Promise<void> {
    clearTimeout(timer);
    running?.abort();
    const controller = new AbortController();
    running = controller;
    last = last.then(() => (controller.signal.aborted ? undefined : once(controller.signal)));
    for (let awaited: Promise<void> | null = null; awaited !== last; ) {
      awaited = last;
      await awaited;
    }
  }

  return {
    get busy() {
      return busy;
    },
    change(file) {
      changed.add(file);
      clearTimeout(timer);
      timer = setTimeout(run, PAUSE_MS);
    },
    run,
    stop() {
      clearTimeout(timer);
      running?.abort();
      changed = new Set();
    },
  };
}
