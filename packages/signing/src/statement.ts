// Statements of in-toto about an image, in an envelope (DSSE): «this digest is signed», or «of this digest, that is true».
import { type Bundle, type Signed, writeBundle } from './bundle.ts';
import { type Authorities, testify } from './evidence.ts';
import { kindOf } from './keys.ts';
import { createReader, readSmall } from './read.ts';
import type { Signer } from './signer.ts';
import { messageOf, trouble } from './trouble.ts';
import type { Trust } from './trust.ts';
import { claimOf, type Verified, verifySignature } from './verify.ts';

export const IN_TOTO = 'application/vnd.in-toto+json';
/** The predicate of what is a signature and no more: cosign's. */
export const SIGNED = 'https://sigstore.dev/cosign/sign/v1';

/** cosign's names for predicates. */
export const predicateTypes: Readonly<Record<string, string>> = {
  cyclonedx: 'https://cyclonedx.org/bom',
  spdxjson: 'https://spdx.dev/Document',
  spdx: 'https://spdx.dev/Document',
  slsaprovenance1: 'https://slsa.dev/provenance/v1',
};

/** The type that a name means; what is no name is the type itself. */
export const predicateTypeOf = (text: string): string =>
  Object.hasOwn(predicateTypes, text) ? predicateTypes[text] : text;

const PREDICATE_BYTES = 16 << 20;

export interface Predicate {
  predicateType: string;
  predicate: unknown;
}

/** JSON of a file: an SBOM, a provenance. Throws FL_SIGNATURE. */
export async function readPredicate(path: string): Promise<unknown> {
  const text = await readSmall(path, PREDICATE_BYTES);
  if (text === null) throw trouble(path, 'there is no such file');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw trouble(path, `is no JSON: ${messageOf(error)}`, error);
  }
}

/** What is signed of an envelope: its type and payload, each with its length (DSSE's pre-authentication encoding). */
export function encode(payloadType: string, payload: Buffer): Buffer {
  const type = Buffer.from(payloadType);
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${type.length} `),
    type,
    Buffer.from(` ${payload.length} `),
    payload,
  ]);
}

/** The text of a bundle: the statement about an image, by its sha256 in hex. Throws FL_SIGNATURE. */
export async function signStatement(
  image: { name: string; sha256: string },
  { predicateType, predicate }: Predicate,
  signer: Signer,
  authorities: Authorities,
): Promise<{ text: string; logIndex: string | null }> {
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: image.name, digest: { sha256: image.sha256 } }],
    predicateType,
    predicate,
  };
  const payload = Buffer.from(JSON.stringify(statement));
  const encoded = encode(IN_TOTO, payload);
  const reader = createReader(image.name, kindOf(signer.publicKey, signer.name));
  const signing = signer.begin();
  for (const sink of [reader, signing]) sink.update(encoded);
  const signature = await signing.end();
  const content = reader.content();
  if (!content.isSignedBy(signer.publicKey, signature))
    throw trouble(image.name, `what ${signer.name} signed isn't verified by its own public key`);
  const dsseEnvelope = {
    payload: payload.toString('base64'),
    payloadType: IN_TOTO,
    signatures: [{ sig: signature.toString('base64') }],
  };
  const signed: Signed = { dsseEnvelope };
  const entered = { digest: content.sha256, envelope: dsseEnvelope };
  const { evidence, logIndex } = await testify(entered, signature, signer, authorities);
  return { text: writeBundle(signed, signer, evidence), logIndex };
}

/** What a bundle says of the image, verified. Throws FL_SIGNATURE. */
export function verifyStatement(
  bundle: Bundle,
  name: string,
  sha256: string,
  trust: Trust,
): Predicate & { verified: Verified } {
  if (bundle.content.$case !== 'dsseEnvelope')
    throw trouble(name, 'is about a file, not a statement about an image (DSSE)');
  const { payload, payloadType, signatures } = bundle.content.dsseEnvelope;
  if (payloadType !== IN_TOTO)
    throw trouble(name, `its payload is ${JSON.stringify(payloadType)}, not ${IN_TOTO}`);
  if (signatures.length !== 1)
    throw trouble(name, `its envelope has ${signatures.length} signatures, not one`);
  const [{ sig, keyid }] = signatures;
  if (keyid) throw trouble(name, 'its envelope names a key, which no signature covers');
  const claim = claimOf(bundle, trust, name);
  const reader = createReader(name, claim.kind);
  reader.update(encode(payloadType, payload));
  const verified = verifySignature(bundle, claim, reader.content(), sig, payload, trust, name);
  try {
    const { _type, subject, predicateType, predicate } = JSON.parse(payload.toString());
    if (!/^https:\/\/in-toto\.io\/Statement\/v(0\.1|1)$/.test(_type)) throw new Error(`it is a ${_type}`);
    if (!subject.some(({ digest }: { digest?: { sha256?: string } }) => digest?.sha256 === sha256))
      throw new Error('it is about another image');
    return { predicateType: String(predicateType), predicate, verified };
  } catch (error) {
    throw trouble(name, `its statement isn't one about this image: ${messageOf(error)}`, error);
  }
}
