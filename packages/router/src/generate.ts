/** Writes the option tables of docs/proxy-ini.md; with --check, fails when they are stale. */
import { readFileSync, writeFileSync } from 'node:fs';
import { renewTables } from './options-table.ts';

const file = new URL('../../../docs/proxy-ini.md', import.meta.url);
const page = readFileSync(file, 'utf8');
const fresh = renewTables(page);

if (!process.argv.includes('--check')) {
  writeFileSync(file, fresh);
} else if (page !== fresh) {
  console.error('docs/proxy-ini.md is stale: run `npm run generate -w @flexilib/router`');
  process.exitCode = 1;
}
