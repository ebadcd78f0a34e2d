import { readArguments, usageError } from '../arguments.ts';
import { wantsColour } from '../terminal.ts';
import { thisMachine } from './machine.ts';
import { print } from './print.ts';
import { inspect, type Report } from './report.ts';

const help = `Usage: flexilib inspect LIBRARY... [--json]

Says what the server will make of a library. None of its code runs.

  --json   an array with an object for each library: file, verdict, size, library, findings

Exit status, of the worst library:
  0  nothing worse than notes
  1  an error: the server won't load it
  3  a warning: it works, but something will bite
  2  wrong usage

docs/inspect.md says what each finding means, and how it is mended in C, Zig and Rust.
`;

const status: Record<Report['verdict'], number> = { ok: 0, error: 1, warning: 3 };
const STDOUT = 1;

/** `flexilib inspect`. Gives the exit status. Throws FL_USAGE. */
export async function inspectCommand(args: string[]): Promise<number> {
  const { values, positionals } = readArguments('inspect', {
    args,
    allowPositionals: true,
    options: { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  if (positionals.length === 0) throw usageError('inspect', 'inspect which library?');
  const machine = thisMachine();
  const colour = wantsColour(STDOUT);
  const reports: Report[] = [];
  for (const path of positionals) {
    const report = await inspect(path, machine);
    reports.push(report);
    if (!values.json) process.stdout.write(`${reports.length > 1 ? '\n' : ''}${print(report, colour)}`);
  }
  if (values.json) process.stdout.write(`${JSON.stringify(reports, null, 2)}\n`);
  const verdicts = reports.map(({ verdict }) => verdict);
  return status[verdicts.includes('error') ? 'error' : verdicts.includes('warning') ? 'warning' : 'ok'];
}
