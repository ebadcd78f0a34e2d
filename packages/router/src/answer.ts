import type { Placeholder, ReturnTarget } from './config.ts';
import type { Fault, Outcome } from './diagnostic.ts';
import { didYouMean } from './suggest.ts';

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** RFC 9110: statuses whose answers have no content. */
const withoutContent: ReadonlySet<number> = new Set([204, 205, 304]);
const placeholders: readonly Placeholder[] = ['uri', 'path', 'host'];

/** Whether what stands behind the `=` is an answer, right or wrong. */
export function isReturn(text: string): boolean {
  return /^return(\s|$)/.test(text);
}

/** Reads `return 404`, `return 200 some text`, `return 301 https://example.com{uri}`. */
export function parseReturn(text: string): Outcome<ReturnTarget> {
  const [, word, rest] = /^return\s*(\S*)\s*(.*)$/s.exec(text)!;
  const status = /^[2-5]\d\d$/.test(word) ? Number(word) : 0;
  if (status === 0) {
    const message = word === '' ? '`return` has no status' : `\`${word}\` is no status of an answer`;
    return { fault: { message, hint: 'write `return 404`; it is from 200 to 599' } };
  }
  if (redirects.has(status)) {
    const location = parseLocation(rest, status);
    return 'fault' in location
      ? location
      : { value: { kind: 'return', status, location: location.value, text: undefined } };
  }
  if (rest !== '' && withoutContent.has(status)) {
    return { fault: { message: `an answer with ${status} has no text`, hint: `write \`return ${status}\`` } };
  }
  return { value: { kind: 'return', status, location: undefined, text: rest || undefined } };
}

function parseLocation(text: string, status: number): Outcome<NonNullable<ReturnTarget['location']>> {
  const fault = locationFault(text, status);
  if (fault) return { fault };
  const parts = text.split(/(\{[^{}]*\})/).filter((part) => part !== '');
  for (const part of parts) {
    const name = /^\{(.*)\}$/.exec(part)?.[1];
    if (name === undefined && /[{}]/.test(part)) {
      return { fault: { message: `a brace alone in \`${text}\``, hint: 'write `{uri}`, or %7B and %7D' } };
    }
    if (name !== undefined && !placeholders.includes(name as Placeholder)) {
      const known = placeholders.map((name) => `{${name}}`);
      const hint = didYouMean(part, known);
      return { fault: { message: `there is no placeholder \`${part}\``, hint } };
    }
  }
  return {
    value: parts.map((part) => {
      const placeholder = /^\{(.*)\}$/.exec(part)?.[1] as Placeholder | undefined;
      return placeholder ? { placeholder } : encodeText(part);
    }),
  };
}

function locationFault(text: string, status: number): Fault | undefined {
  if (text === '') {
    return {
      message: `${status} needs a location`,
      hint: `write \`return ${status} https://example.com{uri}\``,
    };
  }
  if (/\s/.test(text)) return { message: 'a location has no blanks', hint: 'write %20 for one' };
  if (/\p{Cc}/u.test(text)) return { message: 'the location has a control character', hint: 'delete it' };
  // Two slashes, as clients read them, begin a host.
  const [, second] = /^\/(\/|\\|\{uri\}|\{path\})/.exec(text) ?? [];
  if (second !== undefined) {
    const message = `\`${text}\` leads to another host`;
    const hint = second.startsWith('{')
      ? `${second} begins with a slash: write \`/prefix${second}\``
      : 'write https:// before the host';
    return { message, hint };
  }
  if (text.startsWith('/')) return undefined;
  if (/^https?:\/\/(\{host\}|[\w.:[\]-])+(?=[/?]|\{|$)/i.test(text)) return undefined;
  const hint = 'begin it with https://, http:// or /; for this very host write `https://{host}{uri}`';
  return { message: `\`${text}\` is no location`, hint };
}

/** What is beyond ASCII, as it goes on the wire. */
function encodeText(text: string): string {
  return text.replace(/[^\x21-\x7e]+/gu, encodeURIComponent);
}
