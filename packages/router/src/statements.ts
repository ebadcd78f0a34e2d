import { parse } from 'ini';
import type { Fault } from './diagnostic.ts';

/** A line that says something, blanks around it and its parts removed. */
export type Statement = { readonly line: number } & (
  | { readonly kind: 'section'; readonly name: string; readonly fault: Fault | undefined }
  | { readonly kind: 'entry'; readonly key: string; readonly value: string }
  | { readonly kind: 'fault'; readonly fault: Fault }
);

/** The statements of an ini text in file order: nothing is merged, moved or dropped but blank lines and comments. */
export function readStatements(text: string): Statement[] {
  const statements: Statement[] = [];
  text.split(/\r\n?|\n/).forEach((raw, index) => {
    // trim takes a byte order mark away too
    const content = raw.replace(/#.*/, '').trim();
    if (content === '' || content.startsWith(';')) return;
    const read = content.startsWith('[') ? readSection : readEntry;
    statements.push({ line: index + 1, ...read(content) });
  });
  return statements;
}

type Part<S = Statement> = S extends Statement ? Omit<S, 'line'> : never;

/** A section with a fault has its likeliest name, so that its options are read as what they are. */
function readSection(content: string): Part {
  const name = /^\[(.*)\]$/.exec(content)?.[1]?.trim();
  if (name) return { kind: 'section', name, fault: undefined };
  const message = name === '' ? 'the section has no name' : 'the section is not closed';
  const hint = 'write [server] or [the key of a route] on a line of its own';
  return { kind: 'section', name: /[^[\]]*/.exec(content.slice(1))![0].trim(), fault: { message, hint } };
}

/**
 * One entry a call: over a whole file ini would merge duplicates and move integer-like keys. It takes `;` for
 * a comment and `\` for an escape, which they are not here.
 */
function readEntry(content: string): Part {
  if (!content.includes('=')) {
    return fault('there is no `=`', 'write `/prefix = ./library.so`, or `option = value` in a section');
  }
  if (content.startsWith('=')) {
    return fault('there is nothing before the `=`', 'write a path prefix, or the name of an option');
  }
  // Without quotes ini would only split and trim, which for 50,000 lines takes it a tenth of a second.
  if (!/["']|^__proto__/.test(content)) {
    const equals = content.indexOf('=');
    return { kind: 'entry', key: content.slice(0, equals).trim(), value: content.slice(equals + 1).trim() };
  }
  const entries = Object.entries(parse(content.replace(/[\\;]/g, '\\$&'), { bracketedArray: false }));
  const [key, value] = entries[0] ?? [];
  // ini reads quoted text as JSON: what isn't, keeps its quotes, and what is no text becomes an object
  if (key === undefined || typeof value === 'object' || isQuoted(key) || isQuoted(String(value))) {
    return fault('this line cannot be read', 'write it without quotes');
  }
  return { kind: 'entry', key, value: String(value) };
}

function fault(message: string, hint: string): Part {
  return { kind: 'fault', fault: { message, hint } };
}

function isQuoted(text: string): boolean {
  return /^(["']).*\1$/.test(text);
}
