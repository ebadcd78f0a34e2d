import type { Rule } from '../src/index.ts';
import type { Request } from './arbitrary.ts';

/** The rules of proxy.ini word by word: the first route in file order that matches, or -1. */
export function matchNaively(rules: readonly Rule[], { target, fields }: Request): number {
  const path = pathOf(target);
  return rules.findIndex(
    ({ header, pathPrefix }) =>
      path.startsWith(pathPrefix) &&
      (header === null ||
        fields.some(
          ([name, value]) =>
            name.toLowerCase() === header.name.toLowerCase() && value.startsWith(header.valuePrefix),
        )),
  );
}

function pathOf(target: string): string {
  const absolute = /^[a-z\d+.-]+:\/\/[^/?]*([^?]*)/i.exec(target);
  return absolute ? absolute[1] || '/' : target.split('?', 1)[0]!;
}
