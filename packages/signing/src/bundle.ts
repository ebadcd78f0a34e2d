// A Sigstore bundle, version 0.3: what was signed, by whom, and what a log said of it.
// https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_bundle.proto
import { isDeepStrictEqual } from 'node:util';
import { type Bundle, bundleFromJSON, bundleToJSON } from '@sigstore/bundle';
import { hintOf } from './keys.ts';
import type { Signer } from './signer.ts';
import { messageOf, trouble } from './trouble.ts';

export type { Bundle } from '@sigstore/bundle';

/** The bundle of FILE lies beside it, under this name. */
export const BUNDLE_SUFFIX = '.sigstore.json';
/** Of a file's signature. */
export const BUNDLE_BYTES: number = 1 << 20;
export const MEDIA_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
/** How it was written before it had a name of its own; some still do. */
const OLD_MEDIA_TYPE = 'application/vnd.dev.sigstore.bundle+json;version=0.3';

/** As JSON has them: bytes in base64, 64-bit numbers as text. */
export interface Evidence {
  tlogEntries?: object[];
  timestampVerificationData?: object;
}

/** What was signed, as JSON has it: a file, or a statement in an envelope (DSSE). */
export type Signed =
  | { messageSignature: { messageDigest: { algorithm: string; digest: string }; signature: string } }
  | { dsseEnvelope: { payload: string; payloadType: string; signatures: { sig: string }[] } };

/** The text of a bundle. Throws FL_SIGNATURE if no bundle can be made of what a service gave. */
export function writeBundle(signed: Signed, signer: Signer, evidence: Evidence): string {
  const who = signer.certificate
    ? { certificate: { rawBytes: signer.certificate.toString('base64') } }
    : { publicKey: { hint: hintOf(signer.publicKey) } };
  const verificationMaterial = { ...who, ...evidence };
  const text = JSON.stringify(withoutEmpty({ mediaType: MEDIA_TYPE, verificationMaterial, ...signed }));
  parseBundle(text, 'what a log or a timestamp authority gave');
  return text;
}

/**
 * Takes nothing that two readers could read differently, or one not at all: no field that isn't known, no key twice,
 * no base64 with bits left over. Only white space and escapes are free. name: where it is from. Throws FL_SIGNATURE.
 */
export function parseBundle(text: string, name: string): Bundle {
  try {
    const json = JSON.parse(text);
    if (squeezed(text) !== JSON.stringify(json))
      throw new Error('it has a key twice, or a number in another form');
    if (json.mediaType !== MEDIA_TYPE && json.mediaType !== OLD_MEDIA_TYPE)
      throw new Error(`its mediaType is ${JSON.stringify(json.mediaType)?.slice(0, 100)}, not ${MEDIA_TYPE}`);
    const bundle = bundleFromJSON(json);
    const again = JSON.parse(JSON.stringify(bundleToJSON(bundle)));
    if (!isDeepStrictEqual(withoutEmpty(json), withoutEmpty(again)))
      throw new Error('it has a field that no bundle has, or bytes that are no plain base64');
    return bundle;
  } catch (error) {
    throw trouble(name, `is no Sigstore bundle: ${messageOf(error)}`, error);
  }
}

/** Without white space between the tokens, and with strings as JSON.stringify writes them. */
const squeezed = (text: string): string =>
  text.replace(/("[^"\\]*(?:\\.[^"\\]*)*")|[ \t\r\n]+/g, (_, string) =>
    string ? JSON.stringify(JSON.parse(string)) : '',
  );

/** Fields that some write although they have nothing to say; protobuf's JSON leaves them out then. */
const MAY_BE_EMPTY = new Set([
  'hashes',
  'hint',
  'inclusionPromise',
  'integratedTime',
  'keyid',
  'logIndex',
  'rfc3161Timestamps',
  'timestampVerificationData',
  'tlogEntries',
]);

function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutEmpty(item));
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(([name, field]) => !(MAY_BE_EMPTY.has(name) && isEmpty(field)));
  return Object.fromEntries(fields.map(([name, field]) => [name, withoutEmpty(field)]));
}

const isEmpty = (value: unknown): boolean =>
  value === null || value === '' || value === '0' || (Array.isArray(value) && value.length === 0);
