import type { Fault, Outcome } from './diagnostic.ts';
import type { Field, FieldMatch } from './option.ts';

/** What says where a message ends and whom it is for; the server writes these itself (RFC 9110 7.6.1, 9112 6). */
const framing: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** RFC 9110 5.6.2. */
export function isToken(text: string): boolean {
  return /^[\w!#$%&'*+.^`|~-]+$/.test(text);
}

/** Reads `Name: value`, of a field that may be set. */
export function parseField(text: string): Outcome<Field> {
  const outcome = parseFieldMatch(text);
  if ('fault' in outcome) return outcome;
  const { name, value } = outcome.value;
  if (value === undefined) {
    return { fault: { message: `\`${text}\` has no value`, hint: `write \`${text}: value\`` } };
  }
  const fault = framingFault(name);
  return fault ? { fault } : { value: { name, value } };
}

/** Reads the name of a field that may be removed. */
export function parseFieldName(name: string): Outcome<string> {
  const fault = nameFault(name) ?? framingFault(name);
  return fault ? { fault } : { value: name };
}

/** Reads `Name: value` or `Name`. */
export function parseFieldMatch(text: string): Outcome<FieldMatch> {
  const colon = text.indexOf(':');
  const name = colon === -1 ? text : text.slice(0, colon);
  const fault = nameFault(name);
  if (fault) return { fault };
  if (colon === -1) return { value: { name, value: undefined } };
  const value = text.slice(colon + 1).trim();
  if (value === '')
    return { fault: { message: `\`${text}\` has no value`, hint: `write \`${name}: value\`` } };
  // A value's bytes are Latin-1 on the wire; of what is beyond ASCII nobody knows what it means there.
  if (/[^\x20-\x7e\t]/.test(value)) {
    return { fault: { message: `the value of \`${name}\` is not ASCII text`, hint: 'encode what is not' } };
  }
  return { value: { name, value } };
}

function nameFault(name: string): Fault | undefined {
  if (isToken(name)) return undefined;
  return { message: `\`${name}\` is not a header name`, hint: 'write a name like `X-Name`' };
}

function framingFault(name: string): Fault | undefined {
  const lower = name.toLowerCase();
  if (!framing.has(lower)) return undefined;
  const hint =
    lower === 'host' ? 'the option `host` says what the upstream has' : 'the server writes it, as it must be';
  return { message: `\`${name}\` cannot be set or removed`, hint };
}
