/** Writes the findings of docs/inspect.md; with --check, fails when they are stale. */
import { readFileSync, writeFileSync } from 'node:fs';
import { renewFindings } from './page.ts';

const file = new URL('../../../../docs/inspect.md', import.meta.url);
const page = readFileSync(file, 'utf8');
const fresh = renewFindings(page);

if (!process.argv.includes('--check')) {
  writeFileSync(file, fresh);
} else if (page !== fresh) {
  console.error('docs/inspect.md is stale: run `npm run generate -w @flexilib/sdk`');
  process.exitCode = 1;
}
