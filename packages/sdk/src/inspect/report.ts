// What is told of one file. This is what --json prints: names stay, and only new ones come.
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ElfProblem, type ElfProblemKind, machineName, openElf } from '@flexilib/loader';
import { symbolize } from '@flexilib/native';
import { type Anatomy, anatomyOf } from './anatomy.ts';
import { check } from './checks.ts';
import { abiFacts, glibcOf, isForThisMachine, type LibraryFacts, otherExports } from './facts.ts';
import { type Finding, finding, type Id, type Level } from './findings.ts';
import { formatOf } from './format.ts';
import { type Listing, list, pathOf, undefinedOf } from './linker.ts';
import type { Machine } from './machine.ts';

export interface Report {
  /** As it was named. */
  file: string;
  /** The worst of the findings; ok: nothing worse than notes. */
  verdict: 'ok' | 'warning' | 'error';
  /** In bytes; null: it can't be read. */
  size: number | null;
  /** null: it is no library whose tables can be read. */
  library: LibraryFacts | null;
  findings: Finding[];
}

const MAGIC = 512;
const problemIds: Record<ElfProblemKind, Id> = {
  file: 'not-elf',
  type: 'not-shared',
  machine: 'other-machine',
  damaged: 'damaged',
};
const order: Level[] = ['error', 'warning', 'note'];

/** Looks at a file with the eyes of a machine. Never rejects for what is in the file. */
export async function inspect(path: string, machine: Machine): Promise<Report> {
  try {
    // A named pipe would keep us waiting.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = await file.stat();
    if (!stat.isFile())
      return report(path, null, null, [
        finding('unreadable', `is ${stat.isDirectory() ? 'a folder' : 'no regular file'}`),
      ]);
    return await inspectFile(path, file, stat.size, machine);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (!code) throw error;
    const text = code === 'ENOENT' ? 'there is no such file' : `can't be read: ${message}`;
    return report(path, null, null, [finding('unreadable', text)]);
  }
}

async function inspectFile(path: string, file: FileHandle, size: number, machine: Machine): Promise<Report> {
  let anatomy: Anatomy;
  try {
    anatomy = await anatomyOf(await openElf(file, size));
  } catch (error) {
    if (!(error instanceof ElfProblem)) throw error;
    const { bytesRead, buffer } = await file.read(new Uint8Array(MAGIC), 0, MAGIC, 0);
    const text = error.kind === 'file' ? `is ${formatOf(buffer.subarray(0, bytesRead))}` : error.message;
    return report(path, size, null, [finding(problemIds[error.kind], text)]);
  }

  const asked = await ask(resolve(path), anatomy, machine);
  const undefinedSymbols = asked.listing ? await undefinedOf(anatomy.imports, asked.listing) : [];
  const function_ = await functionIn(path, anatomy);
  const facts: LibraryFacts = {
    machine: machineName(anatomy.machine),
    forThisMachine: isForThisMachine(anatomy),
    stripped: !anatomy.hasSymbolTable,
    sourceLine: function_?.line || null,
    debug: anatomy.debug,
    makers: anatomy.makers,
    abi: abiFacts(anatomy),
    otherExports: otherExports(anatomy),
    glibc: glibcOf(anatomy),
    needed: anatomy.needed.map((name) => ({ name, path: asked.listing && pathOf(name, asked.listing) })),
    linkerAsked: asked.listing !== null,
    runpath: anatomy.runpath,
    constructors: anatomy.constructors,
  };
  return report(path, size, facts, check({ anatomy, facts, ...asked, undefinedSymbols, machine }));
}

export interface Asked {
  /** What the dynamic linker said. */
  listing: Listing | null;
  /** Why it wasn't asked, or has no answer. */
  unasked: string | null;
}

async function ask(path: string, anatomy: Anatomy, { linker }: Machine): Promise<Asked> {
  const not = (unasked: string | null): Asked => ({ listing: null, unasked });
  if (!isForThisMachine(anatomy)) return not('it is for another machine');
  if (linker === null) return not("this system's C library isn't glibc");
  if (anatomy.audits) return not('the library names auditors (DT_AUDIT), which would run');
  try {
    return { listing: await list(linker, path), unasked: null };
  } catch (error) {
    return not(`${linker} --list: ${(error as Error).message}`);
  }
}

/** What a report of a crash in one of its functions would say. */
async function functionIn(path: string, { someFunction }: Anatomy) {
  if (someFunction === null) return null;
  const places = await symbolize(path, [someFunction.toString(16)]).catch(() => []);
  return places[0]?.at(-1) ?? null;
}

function report(
  file: string,
  size: number | null,
  library: LibraryFacts | null,
  findings: Finding[],
): Report {
  findings.sort((a, b) => order.indexOf(a.level) - order.indexOf(b.level));
  const worst = findings[0]?.level ?? 'note';
  return { file, verdict: worst === 'note' ? 'ok' : worst, size, library, findings };
}
