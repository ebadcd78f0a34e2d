// A private copy of a library's bytes, on a path that was never used before: the author may overwrite the original
// while we run it, and dlopen(3) gives the old library to who asks for the same path again.
import { createHash } from 'node:crypto';
import { closeSync, constants } from 'node:fs';
import { type FileHandle, open, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createMemfd, FlexilibError } from '@flexilib/native';
import { type ElfFacts, readElf } from './elf.ts';
import { ElfProblem } from './elf-image.ts';
import { BESIDE } from './run-directory.ts';

const PIECE = 256 << 10;
/** Bytes. Past it a file is no library but somebody's mistake, or a way to fill the run directory. */
const LIBRARY_MAX = 2 ** 30;

export interface StagedLibrary {
  /** Unique in this process. */
  id: number;
  /** What to give to dlopen(3). */
  path: string;
  /** SHA-256 of the bytes, in hex: of the copy itself, whatever happened to the original meanwhile. */
  hash: string;
  facts: ElfFacts;
  /** What verified it, to keep with it; null: nobody was asked. */
  signature: string | null;
  /** Removes the copy; it must not be loaded any more. */
  remove(): Promise<void>;
}

/**
 * Copies the library and reads its facts.
 * runDirectory: null puts the copy into memory. id: unique in this process. from: where the bytes are, if not in
 * the original.
 * Throws FL_LIBRARY_MISSING, FL_LIBRARY_FORMAT, FL_STAGING.
 */
export async function stage(
  original: string,
  id: number,
  runDirectory: string | null,
  from: string = original,
): Promise<StagedLibrary> {
  const source = await openOriginal(from);
  try {
    const { size } = await source.stat();
    if (size > LIBRARY_MAX) throw tooLarge(original);
    const facts = await readFacts(original, source, size);
    const beside = findsNeighbours(facts);
    const place = await openPlace(original, id, runDirectory, beside);
    try {
      const hash = await copy(source, place.file, original);
      // Once more, of the copy: the original may have changed since.
      const copied = await readFacts(original, place.file, (await place.file.stat()).size);
      // It lies where others may replace it, and who verifies it trusts that only such a library does.
      if (findsNeighbours(copied) !== beside) throw new Error('it is written while it is copied');
      return { id, path: place.path, hash, facts: copied, signature: null, remove: place.remove };
    } catch (error) {
      await place.remove();
      throw error;
    } finally {
      await place.written();
    }
  } catch (error) {
    if (error instanceof FlexilibError) throw error;
    const { message } = error as Error;
    throw new FlexilibError('FL_STAGING', `${original}: no private copy can be made: ${message}`, {
      path: original,
      cause: error,
    });
  } finally {
    await source.close();
  }
}

/** It has libraries that it needs beside it. */
export const findsNeighbours = ({ runpath }: ElfFacts): boolean => /\$\{?ORIGIN\b/.test(runpath);

async function openOriginal(path: string): Promise<FileHandle> {
  const missing = (text: string, cause?: unknown) =>
    new FlexilibError('FL_LIBRARY_MISSING', `${path}: ${text}`, { path, cause });
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK); // a FIFO would be waited for
    if ((await file.stat()).isFile()) return file;
    await file.close();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw missing('there is no such file; build it, or mend its path in the configuration', error);
    if (code === 'EMFILE' || code === 'ENFILE') throw error; // nothing is wrong with the file
    throw missing(`can't be read: ${message}`, error);
  }
  throw missing('is no file');
}

async function readFacts(path: string, file: FileHandle, size: number): Promise<ElfFacts> {
  try {
    return await readElf(file, size);
  } catch (error) {
    if (!(error instanceof ElfProblem)) throw error;
    throw new FlexilibError('FL_LIBRARY_FORMAT', `${path}: ${error.message}`, { path, cause: error });
  }
}

interface Place {
  path: string;
  file: FileHandle;
  /** No more is written: dlopen(3) may not execute a file that is open for writing. */
  written(): Promise<void>;
  remove(): Promise<void>;
}

async function openPlace(
  original: string,
  id: number,
  directory: string | null,
  beside: boolean,
): Promise<Place> {
  if (directory === null) return openMemory(original);
  const name = `${id}-${basename(original)}`;
  // Its neighbours are found from where it lies.
  const path = beside
    ? join(dirname(original), `.${basename(original)}.flexilib-${process.pid}-${id}`)
    : join(directory, name);
  const mark = join(directory, `${name}${BESIDE}`);
  if (beside) await symlink(path, mark);
  const file = await open(path, 'wx+', 0o700);
  return {
    path,
    file,
    written: () => file.close(),
    async remove() {
      await rm(path, { force: true });
      if (beside) await rm(mark, { force: true });
    },
  };
}

async function openMemory(original: string): Promise<Place> {
  const fd = createMemfd(basename(original));
  if (fd < 0) throw new Error('memfd_create failed, and there is no run directory');
  // The descriptor stays open as long as the library is loaded, so the path is unique among the loaded ones.
  const path = `/proc/self/fd/${fd}`;
  const file = await open(path, 'r+');
  return { path, file, written: () => file.close(), remove: async () => closeSync(fd) };
}

const tooLarge = (path: string): FlexilibError =>
  new FlexilibError('FL_LIBRARY_FORMAT', `${path}: has more than 1 GiB, which no library has`, { path });

async function copy(from: FileHandle, to: FileHandle, original: string): Promise<string> {
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafeSlow(PIECE);
  for (let offset = 0; ; ) {
    const { bytesRead } = await from.read(piece, 0, PIECE, offset);
    if (bytesRead === 0) return hash.digest('hex');
    const bytes = piece.subarray(0, bytesRead);
    hash.update(bytes);
    for (let at = 0; at < bytesRead; ) at += (await to.write(bytes, at)).bytesWritten;
    offset += bytesRead;
    if (offset > LIBRARY_MAX) throw tooLarge(original);
  }
}
