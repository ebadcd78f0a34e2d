// A signature is verified by @sigstore/verify: certificates, timestamps, a log's proof and promise. Ours are the file, which
// is read in pieces, what to trust, and what the library leaves open (entry.ts).
import { createHash, type KeyObject, X509Certificate } from 'node:crypto';
import type { TransparencyLogEntry } from '@sigstore/bundle';
import type { TrustedRoot } from '@sigstore/protobuf-specs';
import { type SignedEntity, toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import type { Bundle } from './bundle.ts';
import { checkEntry, logOf } from './entry.ts';
import { derOf, hintOf, type KeyKind, kindOf } from './keys.ts';
import type { Content } from './read.ts';
import { messageOf, trouble } from './trouble.ts';
import { type Identity, noRoot, publicGoodRoot, type Trust } from './trust.ts';

/** What was found to be true. */
export interface Verified {
  by: { key: string } | { subject: string; issuer: string };
  /** checked: its proof was verified by the log's key, which the trusted root has; else the entry only says so. */
  log: { url: string; index: string; checked: true } | { index: string; checked: false } | null;
}

/** Who signed, as a bundle and what is trusted say; nothing is verified yet. */
export interface Claim {
  key: KeyObject;
  kind: KeyKind;
  /** DER of the certificate or the key. */
  verifier: Buffer;
}

/** Throws FL_SIGNATURE if the bundle is by another key, or of another sort, than what is trusted. name: the bundle's. */
export function claimOf(bundle: Bundle, { signer }: Trust, name: string): Claim {
  const material = bundle.verificationMaterial.content;
  if ('key' in signer) {
    if (material.$case !== 'publicKey')
      throw trouble(
        name,
        'is by a certificate, not by a key: verify it with --certificate-identity and --certificate-oidc-issuer',
      );
    const { hint } = material.publicKey;
    if (hint && hint !== hintOf(signer.key))
      throw trouble(
        name,
        `is by another key than ${signer.name}: by ${hint}, that one is ${hintOf(signer.key)}`,
      );
    return { key: signer.key, kind: kindOf(signer.key, signer.name), verifier: derOf(signer.key) };
  }
  if (material.$case !== 'certificate')
    throw trouble(name, 'is by a key, not by a certificate: verify it with --key');
  const verifier = material.certificate.rawBytes;
  try {
    const key = new X509Certificate(verifier).publicKey;
    return { key, kind: kindOf(key, name), verifier };
  } catch (error) {
    throw trouble(name, `its certificate can't be read: ${messageOf(error)}`, error);
  }
}

/** content: what the bundle must be a signature of. payload: of an envelope. Throws FL_SIGNATURE. */
export function verifySignature(
  bundle: Bundle,
  claim: Claim,
  content: Content,
  signature: Buffer,
  payload: Buffer | null,
  trust: Trust,
  name: string,
): Verified {
  if (!content.isSignedBy(claim.key, signature))
    throw trouble(name, "its signature isn't one by this key of this content");
  try {
    return verifyEvidence(bundle, claim, signature, (kind) => digestIn(kind, content, payload), trust);
  } catch (error) {
    throw trouble(name, messageOf(error), error);
  }
}

/** What an entry of this kind has: of an envelope, either the hash of all that is signed or of the payload. */
const digestIn = (kind: string, { sha256 }: Content, payload: Buffer | null): Buffer =>
  kind === 'dsse' && payload ? createHash('sha256').update(payload).digest() : sha256;

function verifyEvidence(
  bundle: Bundle,
  { key, verifier }: Claim,
  signature: Buffer,
  digestOf: (kind: string) => Buffer,
  { signer, root: given, ignoreLog }: Trust,
): Verified {
  const byKey = 'key' in signer;
  const { tlogEntries: entries } = bundle.verificationMaterial;
  if (entries.length > 1)
    throw new Error(`it has ${entries.length} log entries, and one is what is verified`);
  const entry = entries[0] ?? null;
  if (ignoreLog && byKey)
    return { by: { key: signer.name }, log: entry && { index: entry.logIndex, checked: false } };
  if (!entry && given)
    throw new Error('it has no entry of a log; --insecure-ignore-tlog takes the signature alone');
  const root = given ?? publicGoodRoot();
  const log = entry && logIn(entry, root, given !== null);
  if (entry) checkEntry(entry, verifier);
  const entity: SignedEntity = {
    ...toSignedEntity(bundle),
    signature: {
      signature,
      compareSignature: (other) => other.equals(signature),
      compareDigest: (other) => entry !== null && other.equals(digestOf(entry.kindVersion.kind)),
      verifySignature: (other) => derOf(other).equals(derOf(key)), // the content was asked with this key
    },
  };
  const least = byKey ? 0 : 1;
  const checker = new Verifier(
    toTrustMaterial(log ? { ...root, tlogs: [log] } : noTlogs(root), () => ({
      publicKey: key,
      validFor: () => true,
    })),
    { tlogThreshold: least, ctlogThreshold: least, timestampThreshold: least },
  );
  const { identity } = checker.verify(entity);
  return {
    by: byKey ? { key: signer.name } : checkIdentity(signer, identity),
    log: entry && log && { url: log.baseUrl, index: entry.logIndex, checked: true },
  };
}

const noTlogs = (root: TrustedRoot): TrustedRoot => ({ ...root, tlogs: noRoot.tlogs });

function logIn(entry: TransparencyLogEntry, root: TrustedRoot, isGiven: boolean): ReturnType<typeof logOf> {
  try {
    return logOf(entry, root);
  } catch (error) {
    if (isGiven) throw error;
    throw new Error(
      `${messageOf(error)}: give the log's with --trusted-root, or take the signature alone with --insecure-ignore-tlog`,
    );
  }
}

function checkIdentity(
  { subject, issuer }: Identity,
  found: { subjectAlternativeName?: string; extensions?: { issuer?: string } } = {},
): { subject: string; issuer: string } {
  const is = { subject: found.subjectAlternativeName ?? '', issuer: found.extensions?.issuer ?? '' };
  if (!fits(subject, is.subject)) throw new Error(`it is by ${is.subject || 'nobody'}, not by ${subject}`);
  if (!fits(issuer, is.issuer))
    throw new Error(`its signer was vouched for by ${is.issuer || 'nobody'}, not by ${issuer}`);
  return is;
}

const fits = (wanted: string | RegExp, text: string): boolean =>
  text !== '' && (typeof wanted === 'string' ? wanted === text : wanted.test(text));
