// Signing without a key of one's own: the CI vouches for who runs (OIDC), Fulcio certifies a key that is made for this moment
// and forgotten, and a log or a timestamp says that it was used while the certificate was valid.
import { generateKeyPairSync, sign, X509Certificate } from 'node:crypto';
import { isLoopback } from '@flexilib/oci/reference';
import { askJson, StatusError } from './http.ts';
import { createKeySigner, type Signer } from './signer.ts';
import { trouble } from './trouble.ts';

const AUDIENCE = 'sigstore';
const TOKEN = 'the identity token';

/**
 * env: GitHub's ACTIONS_ID_TOKEN_REQUEST_URL and _TOKEN, or SIGSTORE_ID_TOKEN (GitLab sets it, and others can).
 * Throws FL_SIGNATURE.
 */
export async function createKeylessSigner(fulcio: string, env: NodeJS.ProcessEnv): Promise<Signer> {
  try {
    const to = URL.canParse(fulcio) ? new URL(fulcio) : null;
    if (to?.protocol !== 'https:' && !isLoopback(to?.hostname ?? ''))
      throw trouble(fulcio, 'no https:// address: who reads the identity token on its way can sign with it');
    const token = await identityToken(env);
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const url = `${fulcio.replace(/\/+$/, '')}/api/v2/signingCert`;
    const answer = await askJson(url, {
      credentials: { oidcIdentityToken: token },
      publicKeyRequest: {
        publicKey: { algorithm: 'ECDSA', content: publicKey.export({ type: 'spki', format: 'pem' }) },
        proofOfPossession: sign('sha256', Buffer.from(subjectOf(token)), privateKey).toString('base64'),
      },
    });
    const chain = answer.signedCertificateEmbeddedSct ?? answer.signedCertificateDetachedSct;
    const certificate = new X509Certificate(chain?.chain?.certificates?.[0] ?? '');
    if (!certificate.checkPrivateKey(privateKey)) throw trouble(url, 'its certificate is for another key');
    return createKeySigner(privateKey, certificate.subjectAltName ?? 'keyless', certificate.raw);
  } catch (error) {
    if (error instanceof StatusError) throw trouble(error.url, error.message, error);
    throw error;
  }
}

async function identityToken(env: NodeJS.ProcessEnv): Promise<string> {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: bearer } = env;
  if (url && bearer) {
    if (!URL.canParse(url)) throw trouble('ACTIONS_ID_TOKEN_REQUEST_URL', 'is no address');
    const asked = new URL(url);
    asked.searchParams.set('audience', AUDIENCE);
    const { value } = await askJson(asked.href, undefined, { authorization: `Bearer ${bearer}` });
    return value;
  }
  if (env.SIGSTORE_ID_TOKEN) return env.SIGSTORE_ID_TOKEN;
  throw trouble(
    'no --key, and no identity to sign by',
    'give a key, or let the CI vouch for this job (GitHub: `permissions: id-token: write`; others: SIGSTORE_ID_TOKEN)',
  );
}

/** What Fulcio wants to see signed: as whom the token knows its owner. */
function subjectOf(token: string): string {
  const { email, sub, exp } = claimsOf(token);
  const subject = email ?? sub;
  if (typeof subject !== 'string') throw trouble(TOKEN, 'says nothing of whose it is (email, sub)');
  if (typeof exp === 'number' && exp * 1000 < Date.now())
    throw trouble(TOKEN, 'has expired: they are valid for minutes; ask the CI for one right before signing');
  return subject;
}

function claimsOf(token: string): Record<string, unknown> {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    if (typeof claims === 'object' && claims !== null) return claims as Record<string, unknown>;
  } catch {
    // The parser's words would quote a secret.
  }
  throw trouble(TOKEN, 'is no JWT');
}
