import { readArguments, usageError } from '../arguments.ts';
import { develop } from './develop.ts';

/** What is being written is nobody else's business. */
const LOOPBACK = '127.0.0.1';

const help = `Usage: flexilib dev [DIR] [--port N] [--host ADDRESS] [--keep-serving]

Builds the projects whose libraries DIR/proxy.ini names (default: the current folder),
serves them, and at every save builds again and swaps the library. What does not compile
is told here and answered to every request, as a page or as text; open pages reload after
a swap, and a crash is answered with its report.

  --port N          listen there (PORT, else that of proxy.ini, else 8069)
  --host ADDRESS    listen there (HOST, else 127.0.0.1: this machine alone)
  --keep-serving    when a build fails, go on with the one before it
`;

/** Gives the exit status. Throws FL_USAGE, FL_CONFIG. */
export async function devCommand(args: string[]): Promise<number> {
  const { values, positionals } = readArguments('dev', {
    args,
    allowPositionals: true,
    options: {
      port: { type: 'string', short: 'p' },
      host: { type: 'string' },
      'keep-serving': { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  if (positionals.length > 1) throw usageError('dev', 'dev takes one folder');
  const env = {
    HOST: values.host ?? process.env.HOST ?? LOOPBACK,
    ...(values.port && { PORT: values.port }),
  };
  return develop({ place: positionals[0] ?? '.', keepServing: values['keep-serving'] ?? false, env });
}
