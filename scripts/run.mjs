// The ends of a script: errors in a line, statuses, and Ctrl-C, after which nothing may lie about.
import { $ } from 'zx';

const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

/**
 * Runs a script's main. Its status is 0, 1 after an error, 2 after wrong usage (--help is named then). A signal ends what zx has
 * started, and main by its `finally`; a second one ends all at once.
 */
export async function run(main) {
  const end = new AbortController();
  let status = 0;
  $.signal = end.signal;
  const stop = (signal) => {
    status = signals[signal];
    end.abort();
  };
  for (const signal of Object.keys(signals)) process.once(signal, stop);
  try {
    await main();
  } catch (error) {
    if (status === 0) status = tell(error);
  }
  if (status !== 0) process.exitCode = status;
}

/** Says what is wrong, in a line, and gives the status. */
export function tell(error) {
  const isUsage = error.code?.startsWith?.('ERR_PARSE_ARGS') ?? false;
  const text = isUsage ? `${error.message.split('. ')[0]}; --help has the rest` : error.stderr?.trim();
  console.error(`error: ${text || error.message}`);
  return isUsage ? 2 : 1;
}

/** For what must be done after a signal too: `$(whatever)`. */
export const whatever = { signal: new AbortController().signal, nothrow: true, quiet: true };
