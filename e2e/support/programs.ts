import { existsSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { temporaryFolder } from './server.ts';

/** Where the machine's own programs are, not the project's. npm finds its global configuration from where its node is. */
export const machinePlaces = (): string[] =>
  (process.env.PATH ?? '').split(delimiter).filter((place) => !place.includes('node_modules'));

/** A PATH with these programs and no others: those of the machine, not the project's own. Throws if one isn't there. */
export function onlyPrograms(...names: string[]): string {
  const folder = temporaryFolder();
  for (const name of names) {
    const place = machinePlaces().find((place) => existsSync(join(place, name)));
    if (!place) throw new Error(`${name} isn't on the PATH`);
    symlinkSync(join(place, name), join(folder, name));
  }
  return folder;
}
