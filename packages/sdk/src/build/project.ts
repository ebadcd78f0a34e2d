// A project is the folder of sources that a library is built from: the nearest one above the library's file that a
// language's own tools would take for theirs.
import { existsSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

export type Language = 'c' | 'zig' | 'rust';

export interface Project {
  language: Language;
  /** Absolute. */
  folder: string;
  /** The library that its build makes: absolute. */
  library: string;
}

/** What tells the language of a folder. compile_flags.txt is clangd's. */
const marks: readonly [file: string, language: Language][] = [
  ['Cargo.toml', 'rust'],
  ['build.zig', 'zig'],
  ['compile_flags.txt', 'c'],
];

/** So far above a library its project may be: target/x86_64-unknown-linux-gnu/release. */
const LEVELS = 3;

/** The project that a library (absolute path) is built from; null: there is none, it comes from elsewhere. */
export function findProject(library: string): Project | null {
  let folder = dirname(library);
  for (let level = 0; level <= LEVELS; level++, folder = dirname(folder)) {
    const mark = marks.find(([file]) => existsSync(join(folder, file)));
    if (mark) return { language: mark[1], folder, library };
  }
  return null;
}

/** A library's name in messages: its path, the shorter way to say it. */
export function nameOf({ library }: Pick<Project, 'library'>): string {
  const path = relative(process.cwd(), library);
  return path.length < library.length ? path : library;
}

/** Where a build writes, to rename when it is done: whoever watches the library never sees it half written. */
export function unfinishedOf({ library }: Project): string {
  return join(dirname(library), `.${basename(library)}.${process.pid}`);
}
