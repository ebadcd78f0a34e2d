// The `flexilib` command.
import { exitNow, FlexilibError } from '@flexilib/native';
import { check } from './check.ts';
import { type Command, parseCommand } from './command.ts';
import { help } from './help.ts';
import { createLog } from './log.ts';
import { serve } from './serve.ts';
import { upgrade } from './upgrade.ts';
import { version } from './version.ts';

async function main(args: string[]): Promise<void> {
  const log = createLog();
  try {
    const command: Command = parseCommand(args);
    switch (command.verb) {
      case 'help':
        process.stdout.write(help);
        return;
      case 'version':
        process.stdout.write(`flexilib ${version}\n`);
        return;
      case 'check':
        process.exitCode = await check(command.config, log);
        return;
      case 'serve':
        await serve({ file: command.config, ...command }, log);
        return;
      case 'upgrade':
        await upgrade(command.pid, log);
    }
  } catch (error) {
    if (!(error instanceof FlexilibError)) throw error; // our own fault: its stack is wanted
    for (const line of error.message.split('\n')) log.error(line);
    await log.flush();
    exitNow(error.code === 'FL_USAGE' ? 2 : 1); // the runtime's threads would keep the process
  }
}

main(process.argv.slice(2));
