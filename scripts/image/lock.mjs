#!/usr/bin/env node
// `npm run image:lock`: docker/debian.lock anew, of what Debian has now.
import { readLock, updateLock } from './debian.mjs';

const key = ({ name, architecture }) => `${name}:${architecture}`;
const before = new Map(readLock().packages.map((one) => [key(one), one.version]));
const after = await updateLock().catch((error) => {
  console.error(`error: ${error.message}`);
  process.exit(1);
});
for (const one of after) {
  const old = before.get(key(one));
  if (old !== one.version) console.log(`${key(one)} ${old ?? 'is new:'} -> ${one.version}`);
}
console.log('docker/debian.lock names what Debian has now; commit it');
