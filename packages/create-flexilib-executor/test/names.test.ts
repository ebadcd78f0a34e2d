import { describe, expect, it } from 'vitest';
import { betterDirectory, betterName, libraryName, nameProblem } from '../src/names.ts';

describe('the name of the library', () => {
  it.each([
    ['hello', 'hello'],
    ['my-api', 'my_api'],
    ['a.b-c_d', 'a_b_c_d'],
    ['api2', 'api2'],
    // An identifier doesn't begin with a digit.
    ['3d', '_3d'],
    // Keywords of the three languages.
    ['fn', '_fn'],
    ['error', '_error'],
    ['async', '_async'],
    ['struct', '_struct'],
    ['int', '_int'],
    // What the compilers and the system bring: `test`, `core`, libc.so, libm.so, libpthread.so.
    ['test', '_test'],
    ['std', '_std'],
    ['core', '_core'],
    ['c', '_c'],
    ['m', '_m'],
    ['pthread', '_pthread'],
    ['proc-macro', '_proc_macro'],
  ])('of %s is %s', (name, library) => {
    expect(nameProblem(name)).toBeUndefined();
    expect(libraryName(name)).toBe(library);
  });
});

describe('a name that no project can have', () => {
  it.each([
    ['My API', 'small letter', 'my-api'],
    ['my api', 'only small letters', 'my-api'],
    ['ärger', 'small letter', 'arger'],
    ['grün', 'only small letters', 'grun'],
    ['_private', 'small letter', 'private'],
    ['.hidden', 'small letter', 'hidden'],
    ['a/../b!', 'only small letters', 'a-..-b'],
    ['@me/api', 'small letter', 'me-api'],
    ['flexilib', 'npm', 'my-flexilib'],
    ['node_modules', 'npm', 'my-node_modules'],
    ['a'.repeat(33), '33 characters', 'a'.repeat(32)],
    ['日本', 'small letter', ''],
    ['', 'empty', ''],
  ])('%s', (name, why, better) => {
    expect(nameProblem(name)).toContain(why);
    expect(betterName(name)).toBe(better);
    if (better) expect(nameProblem(better)).toBeUndefined();
    expect(nameProblem(name)!.includes('would do')).toBe(better !== '');
  });

  it('is mended in its place', () => {
    expect(betterDirectory('apps/My API')).toBe('apps/my-api');
  });
});
