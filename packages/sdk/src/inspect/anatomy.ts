// All that the file of a library tells, for people; what loading needs of it is in ElfFacts.
import { DT, type ElfFacts, type ElfImage, type ElfSymbol, factsOf, STB } from '@flexilib/loader';
import { abiVersionOf } from './abi-version.ts';
import { compressionOf, type Section, sectionsOf, wordsOf } from './sections.ts';
import { versionIndices, versionsOf } from './versions.ts';

export interface Import {
  name: string;
  /** It may stay undefined. */
  weak: boolean;
  /** The version that it was linked with, such as GLIBC_2.34. */
  version: string | null;
}

export interface Anatomy extends ElfFacts {
  imports: Import[];
  /** Symbols that it defines, and refers to in such a way that another's of the same name would be taken. */
  replaceable: string[];
  /** Where handle_request, or else another of its functions, begins. */
  someFunction: number | null;
  abiVersion: number | null;
  /** Names of versions that its libraries must have, by library. */
  versions: { library: string; name: string }[];
  /** It has a symbol table, beyond the one for the dynamic linker. */
  hasSymbolTable: boolean;
  debug: {
    present: boolean;
    compression: 'zlib' | 'zstd' | 'unknown' | null;
    /** Some of it is in .dwo files. */
    split: boolean;
    /** .gnu_debuglink: all of it is in another file. */
    link: boolean;
  };
  /** What compilers and linkers say of themselves. */
  makers: string[];
  executableStack: boolean;
  textRelocations: boolean;
  staticTls: boolean;
  /** A program that can be loaded anywhere. */
  isProgram: boolean;
  notForDlopen: boolean;
  /** It names a library that watches the dynamic linker. */
  audits: boolean;
  /** Those that its language didn't bring. */
  constructors: number;
}

const PT_GNU_STACK = 0x6474e551;
const PF_X = 1;
const STT_FUNC = 2;
const SHT_SYMTAB = 2;
const tags = {
  ...{ rela: 7, relasz: 8, symbolic: 16, textrel: 22, jmprel: 23, pltrelsz: 2, initArraySize: 27 },
  ...{ flags: 30, depaudit: 0x6ffffefb, audit: 0x6ffffefc },
} as const;
const DF = { symbolic: 2, textrel: 4, staticTls: 0x10 } as const;
const DF_1 = { noopen: 0x40, pie: 0x08000000 } as const;
const RELOCATION = 24;

/** Throws ElfProblem, or the system's error. */
export async function anatomyOf(image: ElfImage): Promise<Anatomy> {
  const { values } = image;
  const has = (tag: number, bits: number) => values(tag).some((flags) => (flags & bits) !== 0);
  const facts = await factsOf(image);
  const symbols = [...(await image.symbols())];
  const versions = await versionsOf(image);
  const indexOf = await versionIndices(image, symbols.length + 1);
  const names = new Map(versions.map(({ index, name }) => [index, name]));
  const imports = symbols
    .filter(({ defined, name }) => !defined && name !== '')
    .map(({ index, name, binding }) => ({
      name,
      weak: binding === STB.weak,
      version: names.get(indexOf(index)) ?? null,
    }));
  const sections = await sectionsOf(image);
  const makers = [
    ...new Set(
      await wordsOf(
        image,
        sections.find(({ name }) => name === '.comment'),
      ),
    ),
  ];
  const exported = (wanted: string) => symbols.find(({ name, defined }) => defined && name === wanted);
  const version = exported('flexilib_abi_version');
  const some =
    exported('handle_request') ?? symbols.find(({ type, defined }) => defined && type === STT_FUNC);
  const stack = image.segments.find(({ type }) => type === PT_GNU_STACK);
  const isSymbolic = has(tags.flags, DF.symbolic) || values(tags.symbolic).length > 0;
  return {
    ...facts,
    imports,
    replaceable: isSymbolic ? [] : await replaceable(image, symbols),
    someFunction: some?.value ?? null,
    abiVersion: version ? await abiVersionOf(image, version) : null,
    versions: versions.map(({ library, name }) => ({ library, name })),
    hasSymbolTable: sections.some(({ type }) => type === SHT_SYMTAB),
    debug: await debugOf(image, sections),
    makers,
    executableStack: !stack || (stack.flags & PF_X) !== 0, // without a word on it the linker assumes the worst
    textRelocations: has(tags.flags, DF.textrel) || values(tags.textrel).length > 0,
    staticTls: has(tags.flags, DF.staticTls),
    isProgram: has(DT.flags1, DF_1.pie),
    notForDlopen: has(DT.flags1, DF_1.noopen),
    audits: values(tags.audit).length + values(tags.depaudit).length > 0,
    constructors: Math.max(
      0,
      (values(tags.initArraySize)[0] ?? 0) / 8 - constructorsOfCourse(imports, makers),
    ),
  };
}

/** GCC's crtbeginS.o has one that does nothing here, Rust's standard library one that notes the arguments. */
function constructorsOfCourse(imports: Import[], makers: string[]): number {
  const crt = imports.some(({ name }) => name === '_ITM_registerTMCloneTable');
  return (crt ? 1 : 0) + (isRust(makers) ? 1 : 0);
}

export function isRust(makers: string[]): boolean {
  return makers.some((maker) => maker.startsWith('rustc '));
}

async function debugOf(image: ElfImage, sections: Section[]): Promise<Anatomy['debug']> {
  const named = (wanted: string) => sections.find(({ name }) => name === wanted);
  const info = named('.debug_info') ?? named('.zdebug_info');
  return {
    present: info !== undefined,
    compression: info ? await compressionOf(image, info) : null,
    split: (await wordsOf(image, named('.debug_str'))).some((word) => word.endsWith('.dwo')),
    link: named('.gnu_debuglink') !== undefined,
  };
}

/** By the relocations: what was bound when it was linked is out of others' reach. */
async function replaceable(image: ElfImage, symbols: ElfSymbol[]): Promise<string[]> {
  const found = new Set<string>();
  const tables = [
    [tags.rela, tags.relasz],
    [tags.jmprel, tags.pltrelsz],
  ];
  for (const [table, length] of tables) {
    const [at] = image.values(table);
    const [size] = image.values(length);
    if (at === undefined || !size) continue;
    const view = await image.read(image.offsetOf(at), size - (size % RELOCATION));
    for (let i = 0; i < view.byteLength; i += RELOCATION) {
      const index = view.getUint32(i + 12, true); // ELF64_R_SYM
      const symbol = index > 0 ? symbols[index - 1] : undefined;
      if (symbol?.defined) found.add(symbol.name);
    }
  }
  return [...found];
}
