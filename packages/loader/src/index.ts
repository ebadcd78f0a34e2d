// The life of an executor: staged, checked, loaded, switched to, drained, unloaded.
export { type ElfFacts, factsOf, readElf } from './elf.ts';
export {
  DT,
  type ElfImage,
  ElfProblem,
  type ElfProblemKind,
  type ElfSymbol,
  openElf,
  STB,
  stringsOf,
  u64,
} from './elf-image.ts';
export type { Executor, Refreshed } from './executor.ts';
export { handlerObjection, libcObjection, machineName, machineObjection, objection } from './explain.ts';
export type { Generation } from './generation.ts';
export { createLoader, type Loader, type LoaderOptions } from './loader.ts';
export { isOwn, openRunDirectory, type RunDirectory, runningDirectories } from './run-directory.ts';
export { requireSignature, type Verify } from './signed.ts';
