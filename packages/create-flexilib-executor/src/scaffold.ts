import {
  closeSync,
  type Dirent,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { rewrite } from './rewrite.ts';
import type { TemplateName } from './templates.ts';

/** Templates lie beside the bundle. */
const templatesFolder = join(import.meta.dirname, 'templates');
const NAMED = 3;

/** What is in the way at the path and how to mend it; undefined when nothing is, or only an empty folder or one with `.git`. */
export function obstacle(target: string): string | undefined {
  let entries: string[];
  try {
    entries = readdirSync(target).filter((entry) => entry !== '.git');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'ENOTDIR') return `${target} is a file; choose another name`;
    return (error as Error).message;
  }
  if (entries.length === 0) return undefined;
  const more = entries.length > NAMED ? ` and ${entries.length - NAMED} more` : '';
  const named = entries.sort().slice(0, NAMED).join(', ');
  return `${target} has ${named}${more} in it; choose another name, or empty the folder`;
}

/** Writes the project into a free folder, which is made if need be. All of it, or nothing and the system's error. */
export function scaffold(template: TemplateName, target: string, name: string, version: string): void {
  const from = join(templatesFolder, template);
  const undo: string[] = [];
  const makeFolder = (path: string) => {
    const first = mkdirSync(path, { recursive: true });
    if (first) undo.push(first);
  };
  try {
    makeFolder(target);
    for (const file of filesIn(from)) {
      const text = rewrite(file, readFileSync(join(from, file), 'utf8'), name, version);
      const to = join(target, stored(file));
      makeFolder(dirname(to));
      const descriptor = openSync(to, 'wx'); // not over what has come up meanwhile
      undo.push(to);
      writeFileSync(descriptor, text);
      closeSync(descriptor);
    }
  } catch (error) {
    for (const path of undo) rmSync(path, { recursive: true, force: true });
    throw error;
  }
}

/** npm leaves files of this name out of packages, so they travel without the dot. */
const stored = (file: string): string => (file === 'gitignore' ? '.gitignore' : file);

function filesIn(folder: string): string[] {
  const entries: Dirent[] = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}
