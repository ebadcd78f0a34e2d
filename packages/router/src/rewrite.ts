import { findExplosion } from './backtracking.ts';
import type { Fault, Outcome } from './diagnostic.ts';
import type { Rewrite } from './option.ts';

/** Reads `REGEX REPLACEMENT`. */
export function parseRewrite(text: string): Outcome<Rewrite> {
  const [source, replacement, ...more] = text.split(/[ \t]+/);
  if (replacement === undefined || more.length > 0) {
    const message =
      replacement === undefined ? 'there is no replacement' : 'there is more than a replacement';
    return { fault: { message, hint: 'write `^/old/(.*) /new/$1`; a blank in the pattern is \\x20' } };
  }
  try {
    const pattern = new RegExp(source, 'u');
    const fault = patternFault(source) ?? replacementFault(source, replacement);
    return fault ? { fault } : { value: { pattern, replacement } };
  } catch (error) {
    const why = (error as Error).message.replace(/^Invalid regular expression: .*: /s, '');
    const message = `\`${source}\` is no regular expression: ${why.charAt(0).toLowerCase()}${why.slice(1)}`;
    return { fault: { message, hint: "it is one of JavaScript's, with the flag u" } };
  }
}

function patternFault(source: string): Fault | undefined {
  const explosion = findExplosion(source);
  if (explosion === undefined) return undefined;
  const message = `\`${explosion}\` repeats a repetition, which can take forever`;
  return { message, hint: 'repeat once, or keep the turns apart: `(?:/[^/]+)+`' };
}

function replacementFault(source: string, replacement: string): Fault | undefined {
  if (/[^\x21-\x7e]/.test(replacement)) {
    return { message: `\`${replacement}\` has what no URL has`, hint: 'encode it with %' };
  }
  // The empty alternative always matches, and tells how many groups there are.
  const groups = new RegExp(`${source}|`, 'u').exec('')!;
  for (const [reference, digits, name] of replacement.matchAll(/\$(?:\$|(\d{1,2})|<([^>]*)>)/g)) {
    const isNumber = (text: string) => Number(text) >= 1 && Number(text) < groups.length;
    const isThere =
      digits === undefined
        ? reference === '$$' || Object.hasOwn(groups.groups ?? {}, name!)
        : isNumber(digits) || isNumber(digits.charAt(0)); // of `$12` the 2 may be text
    if (isThere) continue;
    const count = groups.length - 1;
    const hint = count === 0 ? 'it has none; write one in (…)' : `it has ${count}`;
    return { message: `\`${reference}\` is no group of \`${source}\``, hint };
  }
  return undefined;
}
