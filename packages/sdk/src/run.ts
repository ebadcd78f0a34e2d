import { FlexilibError } from '@flexilib/native';
import { buildCommand, testCommand } from './build-command.ts';
import { devCommand } from './dev/command.ts';
import { inspectCommand } from './inspect/command.ts';
import { invoke } from './invoke/invoke.ts';
import { sayError } from './terminal.ts';

/** The commands for authors, each with its own arguments and its own --help. */
const verbs: Readonly<Record<string, (args: string[]) => Promise<number>>> = {
  build: buildCommand,
  dev: devCommand,
  inspect: inspectCommand,
  invoke,
  test: testCommand,
};

/** Runs one and gives the exit status: 0 done, 1 failed, 2 wrong usage. Errors that are the user's are told on standard error. */
export async function run(verb: string, args: string[]): Promise<number> {
  try {
    return await verbs[verb](args);
  } catch (error) {
    if (!(error instanceof FlexilibError)) throw error; // our own fault: its stack is wanted
    for (const line of error.message.split('\n')) sayError(line);
    return error.code === 'FL_USAGE' ? 2 : 1;
  }
}
