import { expect, test } from 'vitest';
import { clientAddress, createTrust } from '../src/index.ts';

const trust = createTrust(['10.0.0.0/8', '192.0.2.1', 'fd00::/8', '::1', '198.51.100.0/24', '0.0.0.0/32']);

test.each([
  ['10.1.2.3', true],
  ['11.1.2.3', false],
  ['192.0.2.1', true],
  ['192.0.2.2', false],
  ['fd12::1', true],
  ['fc12::1', false],
  ['::1', true],
  ['::2', false],
  ['::ffff:10.1.2.3', true],
  ['::FFFF:10.1.2.3', true],
  ['::ffff:11.1.2.3', false],
  ['fd12::1%eth0', true],
  ['', false],
  ['unknown', false],
  ['10.1.2', false],
  ['10.1.2.3:80', false],
])('%s is trusted: %s', (address, expected) => {
  expect(trust(address)).toBe(expected);
});

test('nobody is trusted unless it is said', () => {
  expect(createTrust([])('127.0.0.1')).toBe(false);
  expect(createTrust(['0.0.0.0/0'])('203.0.113.9')).toBe(true);
  expect(createTrust(['0.0.0.0/0'])('2001:db8::1')).toBe(false);
});

test.each(['10.0.0.0/33', '::/129', 'a.example', '10.0.0', '10.0.0.0/', '10.0.0.0/-1', '', '10.0.0.0/8 '])(
  '«%s» is no network',
  (network) => {
    expect(() => createTrust([network])).toThrow(`\`${network}\` is no address and no network`);
  },
);

test.each<[peer: string, fields: string[], client: string]>([
  ['203.0.113.9', ['1.1.1.1'], '203.0.113.9'],
  ['10.0.0.1', [], '10.0.0.1'],
  ['10.0.0.1', ['1.1.1.1'], '1.1.1.1'],
  ['10.0.0.1', ['9.9.9.9, 1.1.1.1 , 10.0.0.2'], '1.1.1.1'],
  ['10.0.0.1', ['9.9.9.9', '1.1.1.1', '', '10.0.0.2'], '1.1.1.1'],
  ['::ffff:10.0.0.1', ['2001:db8::1'], '2001:db8::1'],
  ['10.0.0.1', ['[2001:db8::1]:8080'], '2001:db8::1'],
  ['10.0.0.1', ['1.1.1.1:8080'], '1.1.1.1'],
  ['10.0.0.1', ['10.0.0.3, 10.0.0.2'], '10.0.0.3'],
  ['10.0.0.1', ['9.9.9.9, evil, 10.0.0.2'], '10.0.0.2'],
  ['10.0.0.1', ['9.9.9.9, , 10.0.0.2'], '10.0.0.2'],
  ['10.0.0.1', [',1.1.1.1'], '1.1.1.1'],
  ['10.0.0.1', [','], '10.0.0.1'],
  ['10.0.0.1', ['unknown'], '10.0.0.1'],
  ['10.0.0.1', [`9.9.9.9${', 10.0.0.2'.repeat(1000)}`], '10.0.0.2'],
])('behind %s with %j is %s', (peer, lists, client) => {
  const raw = lists.flatMap((list) => ['X-Forwarded-For', list]);
  expect(clientAddress(peer, raw, trust)).toBe(client);
});
