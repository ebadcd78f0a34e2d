// One name for the folder, the package and, with `_` for what no identifier has, the library: my-api, libmy_api.so.
import { basename, dirname, join, resolve } from 'node:path';

/** Zig's limit for the name of a package. One for all languages, so that a project can change hers. */
const LENGTH_MAX = 32;

/** npm refuses these for the package, or couldn't install a dependency into a project of its name. */
const refused: ReadonlySet<string> = new Set(['node_modules', 'favicon.ico', 'flexilib']);

/** As the name of a library these would be keywords, or shadow what the compilers and the system bring. */
const taken: ReadonlySet<string> = new Set(
  `
  addrspace align allowzero and anyframe anytype asm async await break callconv catch comptime const continue defer
  else enum errdefer error export extern fn for if inline linksection noalias noinline nosuspend opaque or orelse
  packed pub resume return struct suspend switch test threadlocal try union unreachable var volatile while
  abstract as become box crate do dyn false final gen impl in let loop macro match mod move mut override priv ref
  self static super trait true type typeof unsafe unsized use virtual where yield
  auto case char default double float goto int long register restrict short signed sizeof typedef unsigned void
  std core alloc proc_macro builtin root build flexilib flexilib_runtime
  c m dl rt util pthread resolv stdc gcc_s unwind
  `
    .trim()
    .split(/\s+/),
);

/** Why the project can't have the name, and which one would do; or undefined. */
export function nameProblem(name: string): string | undefined {
  const wrong = flaw(name);
  if (!wrong) return undefined;
  const better = betterName(name);
  return `${JSON.stringify(name)} can't be the project's name: ${wrong}${better && `; ${better} would do`}`;
}

function flaw(name: string): string | undefined {
  if (name === '') return 'it is empty';
  if (name.length > LENGTH_MAX) return `it has ${name.length} characters, ${LENGTH_MAX} are allowed`;
  if (!/^[a-z0-9]/.test(name)) return 'it must begin with a small letter from a to z or a digit';
  if (!/^[a-z0-9._-]+$/.test(name)) return 'only small letters from a to z, digits, and - _ . may be in it';
  if (refused.has(name)) return 'npm needs it for something else';
  return undefined;
}

/** The name nearest to it that a package can have, or '' when nothing is left of it. */
export function betterName(name: string): string {
  const letters = name
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9._]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, LENGTH_MAX)
    .replace(/[^a-z0-9]+$/, '');
  return refused.has(letters) ? `my-${letters}` : letters;
}

/** The same directory with a name that a project can have. */
export function betterDirectory(directory: string): string {
  const better = betterName(basename(resolve(directory)));
  return better && join(dirname(directory), better);
}

/** The library's name for that of a package: an identifier in C, Zig and Rust, and nobody else's. */
export function libraryName(name: string): string {
  const identifier = name.replace(/[^a-z0-9]/g, '_');
  return /^\d/.test(identifier) || taken.has(identifier) ? `_${identifier}` : identifier;
}
