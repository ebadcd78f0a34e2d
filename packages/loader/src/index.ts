// The life of an executor: staged, checked, loaded, switched to, drained, unloaded.
export { type ElfFacts, ElfProblem, readElf } from './elf.ts';
export type { Executor } from './executor.ts';
export { objection } from './explain.ts';
export type { Generation } from './generation.ts';
export { createLoader, type Loader, type LoaderOptions } from './loader.ts';
export { openRunDirectory, type RunDirectory, runningDirectories } from './run-directory.ts';
