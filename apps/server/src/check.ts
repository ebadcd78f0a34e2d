import { open } from 'node:fs/promises';
import { ElfProblem, objection, readElf } from '@flexilib/loader';
import { FlexilibError } from '@flexilib/native';
import type { Log } from './log.ts';
import { librariesOf, readSettings } from './settings.ts';

/** `flexilib check`: tells everything that is wrong; gives the exit status. A library that isn't built yet is no error. */
export async function check(file: string, log: Log): Promise<number> {
  try {
    const { routes, warnings } = await readSettings(file);
    for (const warning of warnings) log.warn(warning);
    for (const library of librariesOf(routes)) {
      const doubt = await doubtAbout(library);
      if (doubt) log.warn(doubt);
    }
    await log.flush();
    process.stdout.write(`${file}: ok, ${count(routes.length, 'route')}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof FlexilibError) || error.code !== 'FL_CONFIG') throw error;
    const errors = error.message.split('\n');
    for (const line of errors) log.error(line);
    log.info(`${file}: ${count(errors.length, 'error')}`);
    return 1;
  }
}

export function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}

/** What would keep a library from being loaded, as far as its file tells; none of its code runs. */
async function doubtAbout(path: string): Promise<string | null> {
  try {
    await using file = await open(path);
    return objection(path, await readElf(file, (await file.stat()).size))?.message ?? null;
  } catch (error) {
    if (error instanceof ElfProblem) return `${path}: ${error.message}`;
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
      ? `${path}: there is no such file yet`
      : `${path}: ${(error as Error).message}`;
  }
}
