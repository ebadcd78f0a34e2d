// What the generators share: comments, and the names that languages spell alike.
import type { Func, StructName } from '../schema.ts';

export const origin =
  'Generated from src/definition.ts of @flexilib/abi-headers by `npm run generate`: do not edit.';

/** Breaks text into lines that start with `prefix` and end before column 110. */
export function wrap(text: string, prefix: string): string {
  const lines: string[] = [];
  let line = prefix;
  for (const word of text.split(' ')) {
    if (line !== prefix && line.length + word.length + 1 > 110) {
      lines.push(line.trimEnd());
      line = prefix;
    }
    line += line === prefix ? word : ` ${word}`;
  }
  return [...lines, line.trimEnd()].join('\n');
}

/** The documentation of a function: what it does, then each promise on a line of its own. */
export function contract(func: Func): string[] {
  return [
    func.docs,
    `Ownership: ${func.ownership}`,
    `Lifetime: ${func.lifetime}`,
    `Thread: ${func.thread}`,
    `Failure: ${func.failure}`,
  ];
}

/** `request` is `Request` in Zig, Rust and the documentation. */
export function pascal(name: StructName): string {
  return name[0]!.toUpperCase() + name.slice(1);
}

/** The struct that a type points to, if it does. */
export function pointee(type: string): { name: StructName; isConst: boolean } | undefined {
  const found = /^(const )?(header|request|response|host)$/.exec(type);
  return found ? { name: found[2] as StructName, isConst: found[1] !== undefined } : undefined;
}

/** The type of an exported function: `flexilib_abi_version` is `AbiVersion`, `handle_request` `HandleRequest`. */
export function typeName(func: Func): string {
  const words = func.name.replace(/^flexilib_/, '').split('_');
  return words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('');
}
