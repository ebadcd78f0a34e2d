import fc from 'fast-check';
import { expect, test } from 'vitest';
import { libraryPath, parseConfig } from '../src/index.ts';

const text = '; routes\n/a = ./a.so\n[/a]\ntimeout = 5\n[server]\nport = 80\n';

test('lines may end in any way, after a byte order mark too', () => {
  const parsed = parseConfig(text, 'f');
  expect(parsed.errors.map((error) => error.line)).toEqual([4]);
  expect(parseConfig(`\uFEFF${text.replaceAll('\n', '\r\n')}`, 'f')).toEqual(parsed);
  expect(parseConfig(text.replaceAll('\n', '\r'), 'f')).toEqual(parsed);
  expect(parseConfig(text.trimEnd(), 'f')).toEqual(parsed);
});

test('whatever the text, it does not throw, and each line is a route, an option or an error', () => {
  const part = fc.constantFrom(
    ...[
      '/a',
      '/b',
      'Host: ',
      'iam',
      ' ',
      '\t',
      '=',
      ' = ',
      './a.so',
      'http://a',
      'https://[::1]:8',
      'unix:',
      ' weight=',
      ' backup',
      'return 301',
      '{uri}',
      '[',
      ']',
      'server',
      'port',
      '5s',
      'timeout',
    ],
    ...[
      '__proto__',
      'constructor',
      '"',
      "'",
      '\\',
      ';',
      '#',
      '?',
      ':',
      '{',
      '}',
      'true',
      'null',
      '1',
      '[]',
      'é',
    ],
  );
  const line = fc.array(part, { maxLength: 6 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
      const { routes, errors } = parseConfig(lines.join('\n'), 'f');
      for (const error of errors) expect(error.message).not.toBe('');
      const told = new Set([...routes, ...errors].map(({ line }) => line));
      const end = lines.findIndex((line) => /^\s*\[/.test(line));
      lines.slice(0, end === -1 ? lines.length : end).forEach((line, index) => {
        const says = /^\s*[^\s;#]/.test(line);
        expect(told.has(index + 1)).toBe(says);
      });
    }),
    { numRuns: 5000 },
  );
});

test("a library's path is relative to the folder", () => {
  expect(libraryPath({ kind: 'library', path: '../a.so' }, '/etc/flexilib')).toBe('/etc/a.so');
  expect(libraryPath({ kind: 'library', path: 'a.so' }, '/etc')).toBe('/etc/a.so');
  expect(libraryPath({ kind: 'library', path: '/a.so' }, '/etc')).toBe('/a.so');
});
