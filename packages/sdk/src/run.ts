import { FlexilibError } from '@flexilib/native';
import { invoke } from './invoke/invoke.ts';

/** The commands for authors, each with its own arguments and its own --help. */
const verbs: Readonly<Record<string, (args: string[]) => Promise<number>>> = {
  invoke,
};

/** Runs one and gives the exit status: 0 done, 1 failed, 2 wrong usage. Errors that are the user's are told on standard error. */
export async function run(verb: string, args: string[]): Promise<number> {
  try {
    return await verbs[verb](args);
  } catch (error) {
    if (!(error instanceof FlexilibError)) throw error; // our own fault: its stack is wanted
    for (const line of error.message.split('\n')) console.error(`error: ${line}`);
    return error.code === 'FL_USAGE' ? 2 : 1;
  }
}
