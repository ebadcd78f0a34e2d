import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../src/index.ts';
import { describeConfig } from './describe.ts';

const folder = new URL('golden/', import.meta.url);

/** Golden files: `=== name`, the text of a proxy.ini, `---`, what it means. */
for (const file of readdirSync(folder)) {
  describe(file, () => {
    for (const part of readFileSync(new URL(file, folder), 'utf8').split(/^=== /m).slice(1)) {
      const [, name, input, expected] = /^(.*)\n([\s\S]*?)^---\n([\s\S]*)$/m.exec(part)!;
      test(name!, () => expect(describeConfig(parseConfig(input!, 'f'))).toBe(expected));
    }
  });
}
