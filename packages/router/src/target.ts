import { resolve } from 'node:path';
import type { LibraryTarget } from './config.ts';

/** The absolute path of a library; relative ones are relative to the folder of the proxy.ini. */
export function libraryPath(target: LibraryTarget, folder: string): string {
  return resolve(folder, target.path);
}
