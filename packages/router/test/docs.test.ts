import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { formatDiagnostic, parseConfig } from '../src/index.ts';
import { renewTables } from '../src/options-table.ts';

const page = readFileSync(new URL('../../../docs/proxy-ini.md', import.meta.url), 'utf8');
const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const blocks = (text: string, kind: string) =>
  [...text.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].flatMap(([, info, body]) =>
    info === kind ? [body!] : [],
  );

test('the option tables are fresh: else `npm run generate -w @flexilib/router`', () => {
  expect(page).toBe(renewTables(page));
});

test.each([...blocks(page, 'ini'), ...blocks(readme, 'ini')])('this example has no faults: %s', (ini) => {
  const { routes, errors, warnings } = parseConfig(ini, 'proxy.ini');
  expect([...errors, ...warnings].map(formatDiagnostic)).toEqual([]);
  expect(routes.length).toBeGreaterThan(0);
});

test('the example of errors gives these', () => {
  const [ini] = blocks(page, 'ini wrong');
  const told = parseConfig(ini!, 'proxy.ini').errors.map((error) => `${formatDiagnostic(error)}\n`);
  expect(blocks(page, 'text')).toEqual([told.join('')]);
});
