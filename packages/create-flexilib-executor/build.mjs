// Bundles the command into one file, and puts the templates beside it.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { build } from 'esbuild';

const here = import.meta.dirname;
const root = join(here, '../..');
const dist = join(here, 'dist');
rmSync(dist, { recursive: true, force: true });

await build({
  entryPoints: [join(here, 'src/main.ts')],
  outfile: join(dist, 'create-flexilib-executor.cjs'),
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  banner: { js: '#!/usr/bin/env node' },
  define: { 'import.meta.dirname': '__dirname' },
  minifySyntax: true,
  legalComments: 'linked',
  logLevel: 'warning',
}).catch(() => process.exit(1)); // esbuild has said why

// What git has or would take: nothing that was built.
const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', 'templates'];
for (const file of execFileSync('git', list, { cwd: root, encoding: 'utf8' }).split('\0')) {
  if (!file || !existsSync(join(root, file))) continue;
  // npm leaves .gitignore out of a package.
  const to = join(dist, dirname(file), basename(file).replace(/^\.gitignore$/, 'gitignore'));
  mkdirSync(dirname(to), { recursive: true });
  cpSync(join(root, file), to);
}
