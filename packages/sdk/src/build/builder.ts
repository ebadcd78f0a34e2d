import type { Project } from './project.ts';

/** dev: as fast as the language can, with debug information. release: what is shipped. */
export type Mode = 'dev' | 'release';

/** How a build or a test went. output: what the tools said, in colour. */
export interface Outcome {
  result: 'ok' | 'failed' | 'stopped';
  output: string;
}

/** What a language can do with a project. Both throw FL_TOOLCHAIN, FL_BUILD. */
export interface Builder {
  /** Makes the project's library. Whoever watches its file never sees it half written. */
  build(project: Project, mode: Mode, signal?: AbortSignal): Promise<Outcome>;
  /** Builds its tests and runs them. */
  test(project: Project): Promise<Outcome>;
}
