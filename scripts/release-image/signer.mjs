// Who signs, and how that is verified.
import { createPublicKey } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTokenSigner, PKCS11, readPrivateKey } from '@flexilib/signing';

const issuer = 'https://token.actions.githubusercontent.com';

/**
 * Gives the arguments of `flexilib sign` and `flexilib verify`, and pem, the public key if there is one. options: key, log and
 * trusted-root as they were given. folder: where the public key goes. Throws when nobody is there to sign, FL_SIGNATURE.
 */
export async function signerOf(options, forge, folder) {
  const { key, log, 'trusted-root': trustedRoot } = options;
  const root = trustedRoot ? ['--trusted-root', trustedRoot] : [];
  const sign = [...(key ? ['--key', key] : []), ...(log ? ['--log', log] : [])];
  if (key) {
    const pem = (await publicHalf(key)).export({ type: 'spki', format: 'pem' });
    const file = join(folder, 'cosign.pub');
    writeFileSync(file, pem);
    return { sign, verify: ['--key', file, ...root], pem };
  }
  if (!forge?.workflow || forge.gitea)
    throw new Error(
      'who signs? Give --key; without one it is GitHub Actions that has an identity to sign by',
    );
  const identity = ['--certificate-identity', forge.workflow, '--certificate-oidc-issuer', issuer];
  return { sign, verify: [...identity, ...root], pem: null };
}

async function publicHalf(key) {
  if (key.startsWith(PKCS11)) return (await createTokenSigner(key, process.env)).publicKey;
  return createPublicKey(await readPrivateKey(key, process.env.COSIGN_PASSWORD));
}
