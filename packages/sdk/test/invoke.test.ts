import { describe, expect, it } from 'vitest';
import { parseInvocation } from '../src/invoke/arguments.ts';

describe('the command line of invoke', () => {
  it('keeps the fields’ order and case, and a colon in a value', () => {
    const args = ['a.so', '/x', '-H', 'X-B: 1:2', '-H', 'x-a:3', '-H', 'X-b;'];
    expect(parseInvocation(args)).toMatchObject({
      library: 'a.so',
      path: '/x',
      fields: [
        ['X-B', '1:2'],
        ['x-a', '3'],
        ['X-b', ''],
      ],
      body: null,
    });
  });

  it('takes short options together, as curl does', () => {
    expect(parseInvocation(['-ivf', 'a.so', '-XPUT', '-ofile', '--timeout', '2m'])).toMatchObject({
      ...{ include: true, verbose: true, fail: true, head: false },
      ...{ method: 'PUT', output: 'file', timeout: 120_000 },
    });
  });

  it('tells texts from files, in their order', () => {
    expect(parseInvocation(['a.so', '--data-binary', '@b', '-d', 'a', '-d', '@-'])?.body).toEqual([
      { file: 'b', lines: false },
      { text: 'a' },
      { file: '-', lines: true },
    ]);
  });

  it('wants help', () => {
    expect(parseInvocation(['--help'])).toBeNull();
  });
});
