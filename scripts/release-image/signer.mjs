// Who signs, and by what that is verified.
import { createPublicKey } from 'node:crypto';
import { createTokenSigner, PKCS11, readPrivateKey, readTrustedRoot } from '@flexilib/signing';

const { env } = process;
const issuer = 'https://token.actions.githubusercontent.com';

/**
 * options: key, log and trusted-root as they were given. Gives sign, the arguments of `flexilib sign`, and trust, for
 * verifyImage. Throws when nobody is there to sign, FL_SIGNATURE.
 */
export async function signerOf(options, forge) {
  const { key, log, 'trusted-root': trustedRoot } = options;
  const root = trustedRoot ? await readTrustedRoot(trustedRoot) : null;
  const sign = [...(key ? ['--key', key] : []), ...(log ? ['--log', log] : [])];
  if (key)
    return { sign, trust: { signer: { key: await publicHalf(key), name: key }, root, ignoreLog: false } };
  if (!forge?.workflow || forge.gitea)
    throw new Error(
      'who signs? Give --key; without one it is GitHub Actions that has an identity to sign by',
    );
  return { sign, trust: { signer: { subject: forge.workflow, issuer }, root, ignoreLog: false } };
}

async function publicHalf(key) {
  if (key.startsWith(PKCS11)) return (await createTokenSigner(key, env)).publicKey;
  return createPublicKey(await readPrivateKey(key, env.COSIGN_PASSWORD));
}
