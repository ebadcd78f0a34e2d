// Text in bytes that are read and written in place.

/** What a byte may be part of: a token (RFC 9110 5.6.2), a field's value (5.5: visible, blank, tab, obs-text). */
export const TOKEN = 1;
export const VALUE = 2;
export const kinds: Uint8Array = new Uint8Array(256);
for (let c = 0; c < 256; c++) {
  const token = c < 0x7f && /[!#$%&'*+.^_`|~0-9A-Za-z-]/.test(String.fromCharCode(c));
  kinds[c] = (token ? TOKEN : 0) | (c === 0x09 || (c >= 0x20 && c !== 0x7f) ? VALUE : 0);
}

/** The bytes of a text of ASCII. */
export const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));

/** Whether these bytes are the text, which is in lower case. */
export function isText(bytes: Uint8Array, at: number, text: Uint8Array): boolean {
  for (let i = 0; i < text.length; i++) {
    const byte = bytes[at + i];
    if (byte !== text[i] && (byte < 0x41 || byte > 0x5a || (byte | 0x20) !== text[i])) return false;
  }
  return true;
}

/** Below it a loop is faster than a call into V8. */
const SHORT = 64;

/** Moves bytes[from..to) to start at `at`; they may overlap. */
export function move(bytes: Uint8Array, at: number, from: number, to: number): void {
  if (to - from > SHORT) bytes.copyWithin(at, from, to);
  else if (at < from) for (let i = from; i < to; i++) bytes[at + i - from] = bytes[i];
  else for (let i = to - 1; i >= from; i--) bytes[at + i - from] = bytes[i];
}

/** Writes a text, and gives where it ends. */
export function put(bytes: Uint8Array, at: number, text: Uint8Array): number {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text[i];
  return at + text.length;
}

/** Names of fields, to look them up by their bytes: by length, then by comparing. */
export type Names = readonly (readonly Uint8Array[] | undefined)[];

export function createNames(names: readonly string[]): Names {
  const table: Uint8Array[][] = [];
  for (const name of names) {
    table[name.length] ??= [];
    table[name.length].push(ascii(name.toLowerCase()));
  }
  return Array.from(table); // without holes
}

/** Whether the name of this length at `at` is one of the names. */
export function hasName(names: Names, bytes: Uint8Array, at: number, length: number): boolean {
  const alike = length < names.length ? names[length] : undefined;
  if (alike === undefined) return false;
  for (let i = 0; i < alike.length; i++) if (isText(bytes, at, alike[i])) return true;
  return false;
}
