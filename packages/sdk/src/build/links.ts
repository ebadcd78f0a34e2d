import { lstatSync, realpathSync } from 'node:fs';
import { dirname, sep } from 'node:path';

/** A link to a folder that it is in itself: who follows it comes by for ever. Never throws. */
export function leadsBack(path: string): boolean {
  try {
    if (!lstatSync(path).isSymbolicLink()) return false;
    return `${realpathSync(dirname(path))}${sep}`.startsWith(`${realpathSync(path)}${sep}`);
  } catch {
    return false; // a link to nowhere
  }
}
