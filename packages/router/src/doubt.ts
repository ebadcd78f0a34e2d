// What the file may say, though its writer is likely to mean something else: warnings.
import type { Fault } from './diagnostic.ts';
import { parseField } from './field.ts';
import type { Option } from './option.ts';

/** Variables of nginx, `$host` and `${host}`, placeholders of Caddy, `{host}` and `{$HOST}`, and samples of HAProxy, `%[src]`. */
const variable = /\$\{?[a-z_]|\{\$?[a-z_][\w.>-]*\}|%\[/i;

/** Of a path prefix that is in order: `*` may stand in a path, but hardly does. */
export function prefixDoubt(prefix: string): Fault | undefined {
  const star = prefix.indexOf('*');
  if (star === -1) return undefined;
  const message = `the \`*\` of \`${prefix}\` is no wildcard: a prefix is plain text`;
  return { message, hint: `write \`${prefix.slice(0, star)}\`, which matches all that begins with it` };
}

/** Of an option's text that is in order. The value isn't repeated: it may be secret. */
export function optionDoubt(name: string, option: Option, text: string): Fault | undefined {
  if (option.type !== 'field') return undefined;
  const outcome = parseField(text);
  if ('fault' in outcome || !variable.test(outcome.value.value)) return undefined;
  const hint =
    name === 'set_request_header'
      ? 'upstreams have `X-Forwarded-For`, `-Proto` and `-Host` anyway'
      : 'write a value without them';
  const message = `\`${name}\`: the value of \`${outcome.value.name}\` is sent as written, there are no variables`;
  return { message, hint };
}
