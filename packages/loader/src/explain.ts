// Failures to load, in words that say what to do.
import { arch } from 'node:process';
import { type ErrorCode, FlexilibError, libcName } from '@flexilib/native';
import type { ElfFacts } from './elf.ts';

const machines: Record<number, string> = {
  3: 'i386',
  40: 'arm',
  62: 'x86_64',
  183: 'aarch64',
  243: 'riscv64',
};
const ours: Record<string, number> = { x64: 62, arm64: 183 };
const libcs = {
  glibc: { needed: /^libc\.so\.6$/, target: 'linux-gnu' },
  musl: { needed: /^(libc\.musl|ld-musl|libc\.so$)/, target: 'linux-musl' },
};

/** What the facts alone say against a library, before any of its code runs; null when they say nothing. */
export function objection(path: string, facts: ElfFacts): FlexilibError | null {
  const fail = (code: ErrorCode, text: string) => new FlexilibError(code, `${path}: ${text}`, { path });
  const machine = machineObjection(facts);
  if (machine) return fail('FL_LIBRARY_FORMAT', machine);
  const libc = libcObjection(facts);
  if (libc) return fail('FL_LIBRARY_LINK', libc);
  if (facts.exports.size > 0 && !facts.exports.has('handle_request')) {
    return fail('FL_LIBRARY_SYMBOL', handlerObjection(facts));
  }
  return null;
}

/** Each says what is wrong in this respect, and how to mend it; null: nothing. */
export function machineObjection(facts: ElfFacts): string | null {
  const here = ours[arch];
  if (facts.machine === here) return null;
  return `is built for ${machineName(facts.machine)}, this machine is ${machines[here]}; build it with the target ${ourTarget()}`;
}

export function libcObjection(facts: ElfFacts): string | null {
  const other = libcName === 'musl' ? 'glibc' : 'musl';
  const foreign = facts.needed.find((name) => libcs[other].needed.test(name));
  if (!foreign) return null;
  return `needs ${foreign}, ${other}'s C library, and this process runs on ${libcName}; build it with the target ${ourTarget()}`;
}

function ourTarget(): string {
  return `${machines[ours[arch]]}-${libcs[libcName].target}`;
}

/** Of a library without handle_request. */
export function handlerObjection({ exports }: ElfFacts): string {
  return `exports no handle_request${symbolHint(exports)}`;
}

export function machineName(machine: number): string {
  return machines[machine] ?? `machine ${machine}`;
}

function symbolHint(exports: Set<string>): string {
  for (const name of exports) {
    if (/^_Z\w*handle_request/.test(name)) return `, only the C++ name ${name}; declare it extern "C"`;
    if (/^_R\w*handle_request/.test(name)) return `, only the Rust name ${name}; add #[unsafe(no_mangle)]`;
    if (/^handle_?request$/i.test(name)) return `; it has ${name}: rename it`;
  }
  return '; export it with C linkage and default visibility (C: FLEXILIB_EXPORT, Zig: export fn, Rust: no_mangle)';
}

/** The runtime's refusal (a code, and dlerror(3)'s or the library's own words) as an error for the log. */
export function explain(path: string, code: ErrorCode, said: string): FlexilibError {
  return new FlexilibError(code, `${path}: ${sentence(code, said)}`, { path });
}

function sentence(code: ErrorCode, said: string): string {
  switch (code) {
    case 'FL_LIBRARY_SYMBOL':
      return 'exports no handle_request';
    case 'FL_LIBRARY_ABI':
      return `is made for version ${said} of the executor ABI, this server has version 1; build it with this version's SDK, or upgrade the server`;
    case 'FL_LIBRARY_REFUSED':
      return `refuses to load: ${said}`;
    case 'FL_LIBRARY_CRASHED':
      return `crashed while it was loaded: ${said}`;
    case 'FL_LIBRARY_LINK':
      return linkHint(said);
    default:
      return said;
  }
}

/** dlerror(3) names the staged copy first; what follows is what matters. */
function linkHint(said: string): string {
  const missing = /^(\S+): cannot open shared object file/.exec(said);
  if (missing) return `needs ${missing[1]}, which is not installed here; install it, or link it statically`;
  const glibc = /version `(GLIBC_[\d.]+)' not found/.exec(said);
  if (glibc) {
    return `needs ${glibc[1]}, newer than this system's C library; build it on an older system, or with zig cc -target x86_64-linux-gnu.2.28`;
  }
  const symbol = /undefined symbol: (\S+)/.exec(said);
  if (symbol) return `uses ${symbol[1]}, which no library that it needs defines; link the library that does`;
  return `can't be loaded: ${said}`;
}

/** Why a library stays in memory without dlclose(3). */
export function threadsLeft(count: number): string {
  return `${count} of its threads still ${count === 1 ? 'runs' : 'run'}; flexilib_unload must end and join them`;
}

/** Why nobody is called at the moment. */
export function outError(path: string, seconds: number): FlexilibError {
  const text = `${path}: crashed too often and is out for ${seconds} s, or until a new build comes`;
  return new FlexilibError('FL_LIBRARY_OUT', text, { path });
}

/** Why a library stays in memory after dlclose(3), as far as its file tells. */
export function unloadHint(facts: ElfFacts): string {
  if (facts.nodelete) return 'it is linked with -z nodelete; link it without';
  if (facts.unique) return `its symbol ${facts.unique} is STB_GNU_UNIQUE; compile it with -fno-gnu-unique`;
  if (libcName === 'musl') return "musl's dlclose(3) unmaps nothing";
  return 'it left a thread-local destructor, or something opened it a second time';
}
