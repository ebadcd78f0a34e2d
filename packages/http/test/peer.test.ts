import { expect, it } from 'vitest';
import { addressOfPeer } from '../src/peer.ts';

it.each([
  ['127.0.0.1:59940', '127.0.0.1'],
  ['[2001:db8::7]:59940', '2001:db8::7'],
  ['::1:59940', '::1'],
  ['::ffff:10.0.0.7:59940', '::ffff:10.0.0.7'],
  ['unix:', ''],
  ['unix:/run/client.sock', ''],
])('the address of %s is %j', (peer, address) => {
  expect(addressOfPeer(peer)).toBe(address);
});
