// The signature of a file: its bundle beside it. The file itself stays as it is.
import { chmod, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { BUNDLE_BYTES, BUNDLE_SUFFIX, type Bundle, parseBundle, writeBundle } from './bundle.ts';
import { type Authorities, testify } from './evidence.ts';
import { kindOf } from './keys.ts';
import { type Content, createReader, readInto, readSmall } from './read.ts';
import type { Signer } from './signer.ts';
import { messageOf, trouble } from './trouble.ts';
import type { Trust } from './trust.ts';
import { claimOf, type Verified, verifySignature } from './verify.ts';

export const bundleOf = (path: string): string => `${path}${BUNDLE_SUFFIX}`;

/** Signs the file and writes its bundle, or replaces it in one step. Gives the log's index, if there is a log. Throws FL_SIGNATURE. */
export async function signFile(
  path: string,
  signer: Signer,
  authorities: Authorities,
  output: string = bundleOf(path),
): Promise<{ logIndex: string | null }> {
  const reader = createReader(path, kindOf(signer.publicKey, signer.name));
  const signing = signer.begin();
  await readInto(path, [reader, signing]);
  const content = reader.content();
  const signature = await signing.end();
  // A token's keys may not belong together.
  if (!content.isSignedBy(signer.publicKey, signature))
    throw trouble(path, `what ${signer.name} signed isn't verified by its own public key`);
  const digest = content.sha256.toString('base64');
  const { evidence, logIndex } = await testify({ digest: content.sha256 }, signature, signer, authorities);
  const messageSignature = {
    messageDigest: { algorithm: 'SHA2_256', digest },
    signature: signature.toString('base64'),
  };
  const { mode } = await stat(path);
  await replace(output, `${writeBundle({ messageSignature }, signer, evidence)}\n`, mode & 0o666);
  return { logIndex };
}

/** Throws FL_SIGNATURE, which says what differs. */
export async function verifyFile(
  path: string,
  trust: Trust,
  from: string = bundleOf(path),
): Promise<Verified> {
  const bundle = await readBundle(from);
  if (bundle === null) {
    await readInto(path, []); // what isn't there can't be signed
    throw trouble(path, `isn't signed: there is no ${from}`);
  }
  return (await verifyContent(bundle, from, path, path, trust)).verified;
}

/** The bundle in a file, or null if there is none. Throws FL_SIGNATURE. */
export async function readBundle(from: string): Promise<Bundle | null> {
  const text = await readSmall(from, BUNDLE_BYTES);
  return text === null ? null : parseBundle(text, from);
}

/** The SHA-256, in hex, of the file that a bundle says it is of; whether it is good isn't asked. Throws FL_SIGNATURE. */
export function signedHash(text: string, from: string): string {
  return claimedDigest(parseBundle(text, from), from).digest.toString('hex');
}

/** from: the bundle's name; path: where the bytes are; name: what to call them. Throws FL_SIGNATURE. */
export async function verifyContent(
  bundle: Bundle,
  from: string,
  path: string,
  name: string,
  trust: Trust,
): Promise<{ verified: Verified; content: Content }> {
  const { digest, signature } = claimedDigest(bundle, from);
  const claim = claimOf(bundle, trust, from);
  const reader = createReader(name, claim.kind);
  await readInto(path, [reader], name);
  const content = reader.content();
  if (!content.sha256.equals(digest))
    throw trouble(
      name,
      `isn't what was signed: its SHA-256 is ${content.sha256.toString('hex')}, ${from} is for ${digest.toString('hex')}`,
    );
  const verified = verifySignature(bundle, claim, content, signature, null, trust, from);
  return { verified, content };
}

const SHA2_256 = 1; // HashAlgorithm of the bundle's protobuf

function claimedDigest({ content }: Bundle, from: string): { digest: Buffer; signature: Buffer } {
  if (content.$case !== 'messageSignature')
    throw trouble(from, 'is about a statement (DSSE): an image has such signatures, a file has none');
  const { messageDigest, signature } = content.messageSignature;
  if (messageDigest?.algorithm !== SHA2_256) throw trouble(from, "its digest isn't SHA2_256");
  return { digest: messageDigest.digest, signature };
}

async function replace(path: string, text: string, mode: number): Promise<void> {
  const part = join(dirname(path), `.${basename(path)}.${process.pid}`);
  try {
    const file = await open(part, 'wx', mode);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await chmod(part, mode); // whatever the umask is
    await rename(part, path);
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw trouble(
      path,
      isMissing ? "can't be written: there is no such folder" : `can't be written: ${messageOf(error)}`,
      error,
    );
  } finally {
    await rm(part, { force: true });
  }
}
