// Bundles the package for npm: dist/index.js, its types in one file, and dist/child.js, the process that a library runs in.
import { join } from 'node:path';
import { build } from 'rolldown';
import { dts } from 'rolldown-plugin-dts';

const here = import.meta.dirname;
const index = join(here, 'src/index.ts');
const output = { dir: join(here, 'dist'), format: 'esm' };

await build({
  input: { index, child: join(here, 'src/child.ts') },
  platform: 'node',
  transform: { target: 'node20.16' },
  external: ['koffi'],
  output: { ...output, cleanDir: true },
});
await build({
  input: { index },
  // oxc: by isolatedDeclarations, without a compiler.
  plugins: dts({ dtsOnly: true, generator: 'oxc', tsconfig: false }),
  output,
});
