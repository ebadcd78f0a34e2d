import { type ParseArgsConfig, parseArgs } from 'node:util';
import { FlexilibError } from '@flexilib/native';

type Parsed<T extends ParseArgsConfig> = ReturnType<typeof parseArgs<T>>;

/** node:util's parseArgs with our errors: throws FL_USAGE. verb: whose arguments they are. */
export function readArguments<T extends ParseArgsConfig>(verb: string, config: T): Parsed<T> {
  try {
    return parseArgs(config);
  } catch (error) {
    throw usageError(verb, (error as Error).message.split('. ')[0]);
  }
}

export function usageError(verb: string, what: string): FlexilibError {
  return new FlexilibError('FL_USAGE', `${what}; \`flexilib ${verb} --help\` shows the usage`);
}
