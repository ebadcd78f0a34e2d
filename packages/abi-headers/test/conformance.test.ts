// What each compiler makes of the generated files is what the definition says.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { constants, layout, structs } from '../src/index.ts';
import { c, fixtures, hasCargo, include, out, root, run, zig } from './compile.ts';
import { programs } from './programs.ts';

const fromDefinition = [
  ...structs.flatMap(({ name, fields }) => [
    `sizeof ${name} ${fields.length * 8}`,
    `alignof ${name} 8`,
    ...fields.flatMap((field, index) => [
      `offsetof ${name}.${field.name} ${index * 8}`,
      `sizeof ${name}.${field.name} 8`,
    ]),
  ]),
  ...constants.map(({ name, value }) => `${name} ${value}`),
];

/** Compiles and runs a program; returns its lines. */
const compilers: Record<string, () => string> = {
  C: () => run(c(source('layout.c', programs.c), 'layout-c', ['-std=c11']), []),
  'C++': () => run(c(source('layout.cpp', programs.cpp), 'layout-cpp', ['-std=c++17']), []),
  Zig: () => run(zig('build-exe', source('layout.zig', programs.zig), 'layout-zig'), []),
  ...(hasCargo && {
    Rust: () => {
      const main = programs.rust.replace('SOURCE', join(root, 'rust/src/abi.rs'));
      run('rustc', ['--edition=2024', source('layout.rs', main), '-o', 'layout-rust']);
      return run(join(out, 'layout-rust'), []);
    },
  }),
};

function source(name: string, text: string): string {
  writeFileSync(join(out, name), text);
  return join(out, name);
}

describe('sizes, alignments, offsets and constants', () => {
  test.each(Object.entries(compilers))('in %s', (_, lines) => {
    expect(lines().trimEnd().split('\n')).toEqual(fromDefinition);
  });

  test('in TypeScript', () => {
    const { ABI_VERSION, logLevels, ...layouts } = layout;
    const lines = Object.entries(layouts).flatMap(([name, { size, offsets }]) => [
      `sizeof ${name} ${size}`,
      ...Object.entries(offsets).map(([field, offset]) => `offsetof ${name}.${field} ${offset}`),
    ]);
    const levels = Object.entries(logLevels).map(([name, value]) => `LOG_${name.toUpperCase()} ${value}`);
    const known = fromDefinition.filter((line) => !/^(alignof|sizeof .*\.)/.test(line));
    expect([...lines, `ABI_VERSION ${ABI_VERSION}`, ...levels]).toEqual(known);
  });

  test('are those of the original FlexiLib, which never change', () => {
    expect([layout.header.size, layout.request.size, layout.response.size]).toEqual([32, 64, 56]);
  });
});

const warnings = ['-Wall', '-Wextra', '-Wpedantic', '-Werror'];
const standards = ['c99', 'c11', 'c17', 'c23', 'c++17', 'c++20'];

describe('the headers compile without a warning', () => {
  test.each(standards)('as %s', (standard) => {
    const language = standard.startsWith('c++') ? 'c++' : 'c';
    const file = join(fixtures, 'executor.c');
    const output = ['-c', '-o', `headers-${standard}.o`];
    run('zig', ['cc', include, `-std=${standard}`, ...warnings, '-x', language, file, ...output]);
  });
});
