// `node src/generate/main.ts` writes the generated files; with `--check` it only says which are stale.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { header } from './c.ts';
import { docs } from './docs.ts';
import { rust } from './rust.ts';
import { typescript } from './typescript.ts';
import { zig } from './zig.ts';

const generators: Record<string, () => string> = {
  'packages/abi-headers/include/flexilib.h': header,
  'packages/abi-headers/zig/abi.zig': zig,
  'packages/abi-headers/rust/src/abi.rs': rust,
  'packages/abi-headers/src/layout.ts': typescript,
  'docs/abi.md': docs,
};

const { values } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    root: { type: 'string', default: resolve(import.meta.dirname, '../../../..') },
  },
});

const stale = Object.entries(generators)
  .map(([path, generate]) => ({ path: join(values.root, path), text: generate() }))
  .filter(({ path, text }) => !existsSync(path) || readFileSync(path, 'utf8') !== text);

for (const { path, text } of stale) {
  const name = relative(values.root, path);
  if (values.check) {
    console.error(`stale: ${name}; run \`npm run generate -w @flexilib/abi-headers\` and commit the result`);
    process.exitCode = 1;
  } else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    console.log(`written: ${name}`);
  }
}
