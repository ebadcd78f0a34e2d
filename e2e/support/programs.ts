import { existsSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { temporaryFolder } from './server.ts';

/** A PATH with these programs and no others: those of the machine, not the project's own. Throws if one isn't there. */
export function onlyPrograms(...names: string[]): string {
  const folder = temporaryFolder();
  const places = (process.env.PATH ?? '').split(delimiter).filter((place) => !place.includes('node_modules'));
  for (const name of names) {
    const place = places.find((place) => existsSync(join(place, name)));
    if (!place) throw new Error(`${name} isn't on the PATH`);
    symlinkSync(join(place, name), join(folder, name));
  }
  return folder;
}
