// The facts of a report.
import { libcObjection, machineObjection } from '@flexilib/loader';
import type { Anatomy } from './anatomy.ts';
import { compareVersions } from './versions.ts';

export interface LibraryFacts {
  /** As in targets: x86_64, aarch64. */
  machine: string;
  forThisMachine: boolean;
  /** It has no symbol table but the dynamic linker's. */
  stripped: boolean;
  /** PATH:LINE of handle_request, or of another function, as reports of crashes will have it. */
  sourceLine: string | null;
  debug: Anatomy['debug'];
  /** What compilers and linkers have written into it of themselves. */
  makers: string[];
  abi: {
    /** Of the executor ABI, what it exports, and what it doesn't. */
    exports: string[];
    missing: string[];
    /** What flexilib_abi_version returns, where its code shows it; the server asks it at load. */
    version: number | null;
  };
  /** What else it exports; of many the first. */
  otherExports: { count: number; names: string[] };
  /** null: it needs no glibc of a certain version. symbols: those that ask for it. */
  glibc: { version: string; symbols: string[] } | null;
  needed: { name: string; path: string | null }[];
  /** Whether the paths are the dynamic linker's word. */
  linkerAsked: boolean;
  runpath: string;
  constructors: number;
}

/** In the order of the ABI's life; what the presence of each means. */
export const abiExports: Readonly<Record<string, string>> = {
  handle_request: 'answers requests',
  request_deinit: 'is called after each answer',
  zigInit: "gets the arena as an allocator: the original's interface",
  flexilib_load: 'is called once when it is loaded',
  flexilib_unload: 'is called before it is unloaded',
  flexilib_abi_version: 'says which version of the ABI it was made for',
  flexilib_nonblocking: 'promises never to block: calls run on the event loop',
};

const NAMES = 20;
/** What linkers export by themselves. */
const ofCourse = new Set(['_init', '_fini', '_edata', '_end', '__bss_start', '_start']);

export function abiFacts({ exports, abiVersion }: Anatomy): LibraryFacts['abi'] {
  const names = Object.keys(abiExports);
  return {
    exports: names.filter((name) => exports.has(name)),
    missing: names.filter((name) => !exports.has(name)),
    version: abiVersion,
  };
}

export function otherExports({ exports }: Anatomy): LibraryFacts['otherExports'] {
  const others = [...exports].filter((name) => !(name in abiExports) && !ofCourse.has(name)).sort();
  return { count: others.length, names: others.slice(0, NAMES) };
}

export function isForThisMachine(anatomy: Anatomy): boolean {
  return machineObjection(anatomy) === null && libcObjection(anatomy) === null;
}

/** The highest version that it was linked with, and what asks for it. */
export function glibcOf({ versions, imports }: Anatomy): LibraryFacts['glibc'] {
  let highest: { version: string; name: string } | null = null;
  for (const { name } of versions) {
    // A linker that packs relocations asks for their support by name (DT_RELR).
    const version = name === 'GLIBC_ABI_DT_RELR' ? '2.36' : /^GLIBC_(\d+(?:\.\d+)+)$/.exec(name)?.[1];
    if (version && (!highest || compareVersions(version, highest.version) > 0)) highest = { version, name };
  }
  if (!highest) return null;
  const { version, name } = highest;
  return {
    version,
    symbols: imports
      .filter((one) => one.version === name)
      .map((one) => one.name)
      .slice(0, NAMES),
  };
}
