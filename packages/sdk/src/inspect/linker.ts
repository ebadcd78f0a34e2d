// What the dynamic linker says of a library when it is asked to list: ld.so(8), as ldd(1) does. Nothing is bound then.
import { type ExecFileException, execFile } from 'node:child_process';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { ElfProblem, readElf } from '@flexilib/loader';
import type { Import } from './anatomy.ts';

export interface Listing {
  /** By the needed name, those that needed libraries need included: where it was found, or null. */
  found: Map<string, string | null>;
  /** Versions of symbols that a library lacks. */
  versions: { version: string; library: string; by: string }[];
}

const TIMEOUT_MS = 10_000;
const OUTPUT_MAX = 4 << 20;

/**
 * path: absolute. Rejects with a text for people when there is no answer. No code of the library or of those that it needs
 * runs, unless it names an auditor (DT_AUDIT): don't ask then.
 */
export async function list(linker: string, path: string): Promise<Listing> {
  // The environment is the server's: LD_LIBRARY_PATH is there too.
  const options = { timeout: TIMEOUT_MS, killSignal: 'SIGKILL', maxBuffer: OUTPUT_MAX } as const;
  const { error, text } = await new Promise<{ error: ExecFileException | null; text: string }>((resolve) => {
    execFile(linker, ['--list', path], options, (error, stdout, stderr) =>
      resolve({ error, text: `${stdout}\n${stderr}` }),
    );
  });
  const listing = parse(text);
  // Where something is missing it may fail, and has answered.
  const answered = listing.versions.length > 0 || [...listing.found.values()].includes(null);
  if (error && !answered) throw new Error(failure(error, text));
  return listing;
}

function failure({ killed, signal, message }: ExecFileException, text: string): string {
  if (killed) return 'it took too long';
  if (signal) return `it was killed by ${signal}`;
  const said = /error while loading shared libraries: (?:[^\n]*?: )?([^\n]+)/.exec(text);
  return said ? said[1] : message.split('\n')[0];
}

function parse(text: string): Listing {
  const listing: Listing = { found: new Map(), versions: [] };
  for (const line of text.split('\n')) {
    const entry = /^\t(.+?) => (.+?)(?: \(0x[0-9a-f]+\))?$/.exec(line);
    const itself = /^\t(\S.*) \(0x[0-9a-f]+\)$/.exec(line);
    const version = /^.*: (\S+): version `(.+)' not found \(required by (.+)\)$/.exec(line);
    // A needed name with a slash is no name to search: the list ends there.
    const gone = /error while loading shared libraries: (.+): cannot open shared object file/.exec(line);
    if (gone) listing.found.set(gone[1], null);
    else if (version) listing.versions.push({ library: version[1], version: version[2], by: version[3] });
    else if (entry) listing.found.set(entry[1], entry[2] === 'not found' ? null : entry[2]);
    else if (itself) listing.found.set(itself[1], itself[1]);
  }
  return listing;
}

/** Where a needed library was found; null: nowhere. The dynamic linker itself is listed by its path. */
export function pathOf(name: string, { found }: Listing): string | null {
  return found.get(name) ?? [...found.values()].find((path) => path && basename(path) === name) ?? null;
}

/** The imports that none of the libraries of the listing defines, of those that must be defined. */
export async function undefinedOf(imports: readonly Import[], listing: Listing): Promise<string[]> {
  const lacking = new Set(listing.versions.map(({ version }) => version)); // those are told already
  const wanted = imports.filter(({ weak, version }) => !weak && !lacking.has(version ?? ''));
  const left = new Set(wanted.map(({ name }) => name));
  for (const path of listing.found.values()) {
    if (path !== null && left.size > 0) for (const name of await exportsOf(path)) left.delete(name);
  }
  return [...left];
}

async function exportsOf(path: string): Promise<Iterable<string>> {
  try {
    await using file = await open(path);
    return (await readElf(file, (await file.stat()).size)).exports;
  } catch (error) {
    if (error instanceof ElfProblem || (error as NodeJS.ErrnoException).code) return []; // linux-vdso.so.1 is no file
    throw error;
  }
}
