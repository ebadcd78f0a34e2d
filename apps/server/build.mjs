// Bundles the server into one CommonJS file: it starts faster and holds less memory than ES modules do.
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { files as nativeFiles } from '../../packages/native/targets.mjs';
import { listOf, noticesOf, packagesIn } from './inside.mjs';

const here = import.meta.dirname;
const koffi = join(here, 'koffi.cjs');
const { metafile } = await build({
  absWorkingDir: here, // paths in the output are the same wherever it is built
  // What authors use is a file of its own: a server that serves doesn't hold it.
  entryPoints: {
    flexilib: join(here, 'src/main.ts'),
    sdk: join(here, 'src/sdk.ts'),
    supply: join(here, 'src/supply.ts'), // what signs, verifies and pushes
    pull: join(here, 'src/pull.ts'), // the process that gets libraries from registries
    live: join(here, '../../packages/sdk/src/live/index.ts'), // what serves for `flexilib dev` loads it
    signature: join(here, '../../packages/signing/src/require.ts'), // what serves with require_signature does
    'testing-child': join(here, '../../packages/testing/src/child.ts'), // the process that `flexilib invoke` starts
  },
  outdir: join(here, 'dist'),
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  plugins: [
    {
      name: 'koffi',
      setup({ onResolve }) {
        onResolve({ filter: /^koffi$/ }, ({ path, importer }) =>
          importer === koffi ? { path, external: true } : { path: koffi },
        );
      },
    },
    {
      name: 'loaded when needed',
      setup({ onResolve }) {
        const parts = { '@flexilib/sdk/live': './live.cjs', '@flexilib/signing/require': './signature.cjs' };
        onResolve({ filter: /^@flexilib\/(sdk\/live|signing\/require)$/ }, ({ kind, path }) =>
          kind === 'dynamic-import' ? { path: parts[path], external: true } : undefined,
        );
      },
    },
  ],
  // What looks for a file beside its module finds it beside the bundle: dist/../dist/.
  define: { 'import.meta.dirname': '__dirname' },
  minifySyntax: true,
  legalComments: 'linked',
  metafile: true,
  logLevel: 'warning',
}).catch(() => process.exit(1)); // esbuild has said why
const inside = packagesIn(metafile.outputs, here);
writeFileSync(join(here, 'dist/packages.json'), listOf(inside));
writeFileSync(join(here, 'dist/THIRD-PARTY.txt'), noticesOf(inside));
for (const name of nativeFiles) {
  rmSync(join(here, 'dist', name), { force: true }); // a program that runs can't be written to
  copyFileSync(join(here, '../../packages/native/dist', name), join(here, 'dist', name));
}
for (const name of ['client.js', 'style.css'])
  copyFileSync(join(here, '../../packages/sdk/src/live', name), join(here, 'dist', name));
