import { parseArgs } from 'node:util';
import { FlexilibError } from '@flexilib/native';

export type Command =
  | { verb: 'help' }
  | { verb: 'version' }
  | { verb: 'serve'; config: string; supervised: boolean; watch: boolean }
  | { verb: 'upgrade'; pid: string | undefined }
  | { verb: 'check'; config: string };

const DEFAULT_CONFIG = './proxy.ini';

/** The command line's meaning. Throws FL_USAGE. */
export function parseCommand(args: string[]): Command {
  const usage = (what: string) =>
    new FlexilibError('FL_USAGE', `${what}; \`flexilib --help\` shows the usage`);
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    throw usage((error as Error).message.split('. ')[0]);
  }
  const { values, positionals } = parsed;
  if (values.help) return { verb: 'help' };
  if (values.version) return { verb: 'version' };
  const [verb = 'serve', ...rest] = positionals;
  switch (verb) {
    case 'serve':
      if (rest.length > 0)
        throw usage(`serve takes no argument ${rest[0]}; name the file with --config ${rest[0]}`);
      return {
        verb,
        config: values.config ?? DEFAULT_CONFIG,
        supervised: !values['no-supervisor'],
        watch: values.watch ?? false,
      };
    case 'check':
      if (rest.length > 1) throw usage('check takes one file');
      return { verb, config: rest[0] ?? values.config ?? DEFAULT_CONFIG };
    case 'upgrade':
      if (rest.length > 1) throw usage('upgrade takes one process number');
      return { verb, pid: rest[0] };
    case 'help':
      return { verb };
    default:
      throw usage(`there is no command ${verb}`);
  }
}

function parse(args: string[]) {
  return parseArgs({
    args,
    allowPositionals: true,
    options: {
      config: { type: 'string', short: 'c' },
      'no-supervisor': { type: 'boolean' },
      watch: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean', short: 'V' },
    },
  });
}
