// The few facts of an ELF file that decide whether dlopen(3) will take it.
import type { FileHandle } from 'node:fs/promises';
import { DT, type ElfImage, openElf, STB } from './elf-image.ts';

export interface ElfFacts {
  /** e_machine: 62 is x86-64, 183 is AArch64. */
  machine: number;
  /** DT_NEEDED, DT_FILTER, DT_AUXILIARY: libraries that are loaded with it. */
  needed: string[];
  /** DT_RUNPATH or DT_RPATH; may contain $ORIGIN. */
  runpath: string;
  /** Names of the functions and objects that it defines for others. */
  exports: Set<string>;
  /** What would keep it from being unloaded: DF_1_NODELETE, a symbol of binding STB_GNU_UNIQUE. */
  nodelete: boolean;
  unique: string | null;
}

const DF_1_NODELETE = 8;

/** Reads the facts of an open file of the given size in bytes. Throws ElfProblem, or the system's error. */
export async function readElf(file: FileHandle, size: number): Promise<ElfFacts> {
  return factsOf(await openElf(file, size));
}

/** The same of a file that was opened as an image. */
export async function factsOf({ machine, values, text, symbols }: ElfImage): Promise<ElfFacts> {
  const facts: ElfFacts = {
    machine,
    needed: [...values(DT.needed), ...values(DT.filter), ...values(DT.auxiliary)].map(text),
    runpath: [...values(DT.runpath), ...values(DT.rpath)].map(text).join(':'),
    exports: new Set(),
    nodelete: values(DT.flags1).some((flags) => (flags & DF_1_NODELETE) !== 0),
    unique: null,
  };
  for (const { name, defined, binding } of await symbols()) {
    if (!defined) continue;
    facts.exports.add(name);
    if (binding === STB.gnuUnique) facts.unique = name;
  }
  return facts;
}
