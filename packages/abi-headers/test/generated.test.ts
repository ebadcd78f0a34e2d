// The generated files are fresh, and a stale one is told by name, with the fix.
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const main = resolve(import.meta.dirname, '../src/generate/main.ts');
const copy = mkdtempSync(join(tmpdir(), 'flexilib-generated-'));
afterAll(() => rmSync(copy, { recursive: true }));

function generate(...args: string[]) {
  return spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
}

test('the committed files are fresh', () => {
  expect(generate('--check')).toMatchObject({ status: 0, stderr: '' });
});

test('a changed byte is stale, is told with the fix, and is mended by generating', () => {
  expect(generate('--root', copy).stdout.match(/written: /g)).toHaveLength(5);
  const header = join(copy, 'packages/abi-headers/include/flexilib.h');
  const fresh = readFileSync(header, 'utf8');
  appendFileSync(header, ' ');

  const check = generate('--check', '--root', copy);
  expect(check.status).toBe(1);
  expect(check.stderr).toBe(
    'stale: packages/abi-headers/include/flexilib.h; ' +
      'run `npm run generate -w @flexilib/abi-headers` and commit the result\n',
  );

  generate('--root', copy);
  expect(readFileSync(header, 'utf8')).toBe(fresh);
});
