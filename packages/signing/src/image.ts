// Signatures and attestations of images, as cosign 3 makes them: bundles that refer to the image (OCI 1.1), in the registry or
// the layout that it is in.

import { existsSync } from 'node:fs';
import {
  attach,
  type Descriptor,
  type Manifest,
  openLayout,
  openRegistry,
  parseReference,
  readBlob,
  readLayoutIndex,
  readReference,
  type Store,
} from '@flexilib/oci';
import { MEDIA_TYPE, parseBundle } from './bundle.ts';
import type { Authorities } from './evidence.ts';
import type { Signer } from './signer.ts';
import { type Predicate, SIGNED, signStatement, verifyStatement } from './statement.ts';
import { messageOf, trouble } from './trouble.ts';
import type { Trust } from './trust.ts';
import type { Verified } from './verify.ts';

/** An SBOM is in its attestation. */
const STATEMENT_BYTES = 32 << 20;
/** Who can push can attach as many as they like. */
const MOST_REFERRERS = 200;
/** What is verified need not be signed. */
const DEPTH_MAX = 3;
const PARTS_MAX = 10_000;
const LAYOUT = 'oci:';

export interface Image {
  store: Store;
  /** With its digest. */
  name: string;
  descriptor: Descriptor;
}

/**
 * Whether the text names an image: oci:FOLDER, or a name in a registry that is no file, be it misspelt behind the `@`. With a
 * digest it is one in any case: what lies in the folder that one is in has no say in what is verified.
 */
export function isImage(text: string): boolean {
  if (text.startsWith(LAYOUT)) return true;
  const reference = readReference(text);
  if (typeof reference !== 'string' && reference.digest !== undefined) return true;
  return (typeof reference !== 'string' || text.includes('@sha256:')) && !existsSync(text);
}

/** REGISTRY/NAME@sha256:…, oci:FOLDER (its only image) or oci:FOLDER@sha256:…. Throws FL_REGISTRY, FL_SIGNATURE. */
export async function openImage(text: string, push: boolean): Promise<Image> {
  if (text.startsWith(LAYOUT) && !text.startsWith(`${LAYOUT}//`)) {
    const [folder, digest] = text.slice(LAYOUT.length).split('@');
    const store = openLayout(folder);
    return found(store, digest ?? (await onlyImage(store, folder)), text);
  }
  const reference = parseReference(text);
  if (!reference.digest)
    throw trouble(text, 'is a tag, which leads elsewhere tomorrow: name the image by its digest, @sha256:…');
  return found(openRegistry(reference, { push }), reference.digest, text);
}

async function found(store: Store, digest: string, text: string): Promise<Image> {
  const descriptor = await store.resolve(digest);
  if (!descriptor) throw trouble(text, `there is no ${digest}`);
  if (!digest.startsWith('sha256:')) throw trouble(text, 'only images by their SHA-256 are signed');
  return { store, name: `${store.name}@${digest}`, descriptor };
}

/** What of the layout's index is neither about another nor part of one. */
async function onlyImage(store: Store, folder: string): Promise<string> {
  const digests = new Set((await readLayoutIndex(folder)).map(({ digest }) => digest));
  for (const digest of [...digests]) {
    const { subject, manifests: parts } = await store.manifest(digest);
    if (subject) digests.delete(digest);
    for (const part of parts) digests.delete(part.digest);
  }
  const [only, ...others] = digests;
  if (only === undefined || others.length > 0)
    throw trouble(`${LAYOUT}${folder}`, `has ${digests.size} images: say which by @sha256:…`);
  return only;
}

/** Signs the image, or says more of it, and attaches that. Throws FL_SIGNATURE, FL_REGISTRY. */
export async function signImage(
  { store, descriptor }: Image,
  said: Predicate | null,
  signer: Signer,
  authorities: Authorities,
): Promise<{ logIndex: string | null; digest: string }> {
  const statement = said ?? { predicateType: SIGNED, predicate: {} };
  const image = { name: store.name, sha256: descriptor.digest.slice('sha256:'.length) };
  const { text, logIndex } = await signStatement(image, statement, signer, authorities);
  const { digest } = await attach(store, descriptor, {
    artifactType: MEDIA_TYPE,
    layers: [{ mediaType: MEDIA_TYPE, bytes: Buffer.from(text) }],
    annotations: {
      'dev.sigstore.bundle.content': 'dsse-envelope',
      'dev.sigstore.bundle.predicateType': statement.predicateType,
    },
  });
  return { logIndex, digest };
}

export interface VerifiedImage {
  /** Of each bundle that is good. */
  good: { predicateType: string; verified: Verified }[];
  /** What is wrong with the others: they may be by others. */
  bad: string[];
  /** Manifests, configurations and layers whose digests were checked, and their bytes. */
  parts: number;
  bytes: number;
}

/** Checks each byte of the image against its digest, and what is attached to it. Throws FL_REGISTRY if a part isn't what it should be. */
export async function verifyImage({ store, descriptor, name }: Image, trust: Trust): Promise<VerifiedImage> {
  const result: VerifiedImage = { good: [], bad: [], parts: 0, bytes: 0 };
  result.parts = 1;
  result.bytes = descriptor.size;
  await checkParts(store, descriptor, result, new Set([descriptor.digest]));
  const sha256 = descriptor.digest.slice('sha256:'.length);
  const referrers = await store.referrers(descriptor.digest, MEDIA_TYPE);
  if (referrers.length > MOST_REFERRERS)
    throw trouble(name, `has ${referrers.length} signatures, more than ${MOST_REFERRERS}`);
  for (const { digest } of referrers) {
    const where = `${store.name}@${digest}`;
    try {
      const bundle = parseBundle(await bundleIn(store, await store.manifest(digest), descriptor), where);
      const { predicateType, verified } = verifyStatement(bundle, where, sha256, trust);
      result.good.push({ predicateType, verified });
    } catch (error) {
      result.bad.push(messageOf(error));
    }
  }
  return result;
}

async function bundleIn(
  store: Store,
  { subject, config, layers, descriptor }: Manifest,
  image: Descriptor,
): Promise<string> {
  const where = `${store.name}@${descriptor.digest}`;
  if (subject?.digest !== image.digest) throw trouble(where, 'is about another image');
  const [layer, ...others] = layers;
  if (layer?.mediaType !== MEDIA_TYPE || others.length > 0) throw trouble(where, 'has no single bundle');
  if (config) await readBlob(store, config, STATEMENT_BYTES); // nothing is in it, and no byte of it is another
  return (await readBlob(store, layer, STATEMENT_BYTES)).toString();
}

/** An index' images, and their configurations and layers, each once. */
async function checkParts(
  store: Store,
  { digest, size }: Descriptor,
  result: VerifiedImage,
  seen: Set<string>,
  depth = 1,
): Promise<void> {
  if (depth > DEPTH_MAX || seen.size > PARTS_MAX)
    throw trouble(`${store.name}@${digest}`, 'is an index of indexes of indexes, or one without end');
  const isFirst = (part: Descriptor): boolean => {
    if (seen.has(part.digest)) return false;
    seen.add(part.digest);
    result.parts += 1;
    result.bytes += part.size;
    return true;
  };
  const { bytes, manifests, config, layers } = await store.manifest(digest);
  if (bytes.length !== size)
    throw trouble(`${store.name}@${digest}`, `has ${bytes.length} bytes, ${size} were announced`);
  for (const image of manifests) if (isFirst(image)) await checkParts(store, image, result, seen, depth + 1);
  for (const part of [...(config ? [config] : []), ...layers]) {
    if (!isFirst(part)) continue;
    for await (const _ of store.blob(part)); // which checks it
  }
}
