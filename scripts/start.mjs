#!/usr/bin/env node
// `npm start`: serves the examples and says what to try. The server replaces nothing and hides nothing: it is the
// same command that an operator runs.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const port = process.env.PORT || 8069;
const tries = [
  ['/', '', ''],
  ['/', "-H 'Host: iam' ", ''],
  ['/', "-H 'x-slow: 500' ", ''],
  ['/hello-c', '', 'hello-c'],
  ['/hello-zig', '', 'hello-zig'],
  ['/hello-rust', '', 'hello-rust'],
];
console.error('Try, in another terminal:');
for (const [path, options, example] of tries) {
  if (example && !existsSync(join(root, 'examples', example, 'dist', `lib${example.replace('-', '_')}.so`))) {
    console.error(`  (${path}: ${example} is not built; see the message above)`);
  } else {
    console.error(`  curl -i ${options}localhost:${port}${path}`);
  }
}
console.error();
process.argv.push('serve', '--config', join(root, 'examples/proxy.ini'));
await import('../apps/server/bin/flexilib.cjs');
