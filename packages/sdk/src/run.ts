import { FlexilibError } from '@flexilib/native';
import { sayError } from './terminal.ts';

/** By their names; each reads its own arguments and has its own --help, and gives the exit status. */
export type Verbs = Readonly<Record<string, (args: string[]) => Promise<number>>>;

/** Runs one and gives the exit status: 0 done, 1 failed, 2 wrong usage. Errors that are the user's are told on standard error. */
export async function run(verbs: Verbs, verb: string, args: string[]): Promise<number> {
  try {
    return await verbs[verb](args);
  } catch (error) {
    if (!(error instanceof FlexilibError)) throw error; // our own fault: its stack is wanted
    for (const line of error.message.split('\n')) sayError(line);
    return error.code === 'FL_USAGE' ? 2 : 1;
  }
}
