import { expect, test } from 'vitest';
import { hashOf, hashText } from '../src/hash.ts';
import type { Balance } from '../src/spec.ts';

test('each bit of a hash is as good as any other', () => {
  const hashes = Array.from({ length: 10_000 }, (_, i) => hashText(String(i)));
  expect(new Set(hashes).size).toBeGreaterThan(9990);
  for (let bit = 0; bit < 32; bit++) {
    const ones = hashes.filter((hash) => (hash >>> bit) & 1).length;
    expect(Math.abs(ones - 5000)).toBeLessThan(250);
  }
});

const client = '192.0.2.7';

test('of other balances nothing is hashed', () => {
  for (const kind of ['round-robin', 'least-connections'] as const)
    expect(hashOf({ kind }, client, [])).toBe(0);
  expect(hashOf({ kind: 'ip-hash' }, client, ['a', 'b'])).toBe(hashText(client));
});

test('a header is found whatever its case, and the client counts without it', () => {
  const balance: Balance = { kind: 'header-hash', name: 'X-User' };
  expect(hashOf(balance, client, ['a', 'b', 'x-uSER', 'me', 'X-User', 'you'])).toBe(hashText('me'));
  expect(hashOf(balance, client, ['x-users', 'me'])).toBe(hashText(client));
});

test.each([
  [['sid=1'], '1'],
  [['a=b; sid=1; c=d'], '1'],
  [['a=b;sid=1 ;c=d'], '1'],
  [['a=b', 'sid=1'], '1'],
  [['sid=1; sid=2'], '1'],
  [['sid="1"'], '"1"'],
  [['sid=a=b'], 'a=b'],
  [['sid='], ''],
  [['xsid=1; sidx=2; SID=3; a=sid=4; sid'], null],
  [[';;; ; '], null],
  [[`${'a=b; '.repeat(100)}sid=1`], '1'],
  [[`${'a=b; '.repeat(3000)}sid=1`], null],
] as const)('the cookie in %j', (cookies, value) => {
  const raw = cookies.flatMap((cookie) => ['Cookie', cookie]);
  const hash = hashOf({ kind: 'cookie-hash', name: 'sid' }, client, raw);
  expect(hash).toBe(hashText(value ?? client));
});
