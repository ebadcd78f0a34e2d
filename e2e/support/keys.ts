import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type KeyType = 'ec' | 'rsa' | 'ed25519';

/** Writes NAME.pem and NAME.pub into the folder, and gives their paths. */
export function writeKeys(folder: string, name: string, type: KeyType = 'ec'): { key: string; pub: string } {
  const paths = { key: join(folder, `${name}.pem`), pub: join(folder, `${name}.pub`) };
  const { privateKey, publicKey } = generate(type);
  writeFileSync(paths.key, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  writeFileSync(paths.pub, publicKey.export({ type: 'spki', format: 'pem' }));
  return paths;
}

function generate(type: KeyType): { privateKey: KeyObject; publicKey: KeyObject } {
  if (type === 'rsa') return generateKeyPairSync('rsa', { modulusLength: 2048 });
  if (type === 'ed25519') return generateKeyPairSync('ed25519');
  return generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
}
