import { formatFault } from './diagnostic.ts';
import type { Option } from './option.ts';
import { type ServerOptions, serverOptions } from './options.ts';
import { parseOption } from './values.ts';

/** What the environment says of the server's options; each error names its variable. An empty variable is none. */
export function environmentOptions(env: Readonly<Record<string, string | undefined>>): {
  readonly server: Partial<ServerOptions>;
  readonly errors: readonly string[];
} {
  const server: Record<string, unknown> = {};
  const errors: string[] = [];
  for (const [name, option] of Object.entries<Option>(serverOptions)) {
    const text = option.env && env[option.env];
    if (!text) continue;
    const unit = option.envUnit ?? '';
    if (unit !== '' && !/^\d+$/.test(text)) {
      errors.push(
        `${option.env}: \`${text}\` is not a whole number; write the number alone, it counts in ${unit}`,
      );
      continue;
    }
    const outcome = parseOption(option, text + unit);
    if ('value' in outcome) server[name] = outcome.value;
    else errors.push(`${option.env}: ${formatFault(outcome.fault)}`);
  }
  return { server, errors };
}
