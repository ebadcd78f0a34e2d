// Signatures and attestations: manifests whose subject is another one.

import { algorithmOf, digestOf, hexOf } from './digest.ts';
import { type Descriptor, EMPTY, isIndex, type Manifest, MediaType } from './manifest.ts';
import { one, type Store } from './store.ts';

export interface Attachment {
  artifactType: string;
  layers: { mediaType: string; bytes: Buffer; annotations?: Record<string, string> }[];
  annotations?: Record<string, string>;
}

/** Stores a manifest that refers to the subject, with an empty config, and gives its descriptor. Throws FL_REGISTRY. */
export async function attach(
  store: Store,
  { mediaType, digest, size }: Descriptor,
  { artifactType, layers, annotations }: Attachment,
): Promise<Descriptor> {
  const config = { mediaType: MediaType.empty, digest: digestOf(EMPTY), size: EMPTY.length };
  await store.putBlob(config, () => one(EMPTY));
  const described: Descriptor[] = [];
  for (const { bytes, ...layer } of layers) {
    const descriptor: Descriptor = {
      mediaType: layer.mediaType,
      digest: digestOf(bytes),
      size: bytes.length,
    };
    if (layer.annotations) descriptor.annotations = layer.annotations;
    await store.putBlob(descriptor, () => one(bytes));
    described.push(descriptor);
  }
  const manifest = {
    schemaVersion: 2,
    mediaType: MediaType.manifest,
    artifactType,
    config,
    layers: described,
    subject: { mediaType, digest, size },
    ...(annotations ? { annotations } : {}),
  };
  return store.putManifest(Buffer.from(JSON.stringify(manifest)), MediaType.manifest);
}

/** As a list of referrers has it. */
export function referrerOf({ descriptor, artifactType, config, annotations }: Manifest): Descriptor {
  const type = artifactType ?? config?.mediaType;
  return {
    ...descriptor,
    ...(type === undefined ? {} : { artifactType: type }),
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
  };
}

export function ofType(referrers: Descriptor[], artifactType: string | undefined): Descriptor[] {
  return artifactType === undefined
    ? referrers
    : referrers.filter((referrer) => referrer.artifactType === artifactType);
}

/** The tag under which clients keep the list where the registry doesn't (distribution specification, referrers tag schema). */
export function fallbackTag(digest: string): string {
  return `${algorithmOf(digest).slice(0, 32)}-${hexOf(digest).slice(0, 64)}`;
}

/** Two who add at once may lose one of both: the specification has no remedy. */
export async function addToFallback(store: Store, subject: Descriptor, manifest: Manifest): Promise<void> {
  const tag = fallbackTag(subject.digest);
  const known = await store.resolve(tag);
  const list = known && isIndex(known.mediaType) ? (await store.manifest(known.digest)).manifests : [];
  if (list.some(({ digest }) => digest === manifest.descriptor.digest)) return;
  const index = { schemaVersion: 2, mediaType: MediaType.index, manifests: [...list, referrerOf(manifest)] };
  await store.putManifest(Buffer.from(JSON.stringify(index)), MediaType.index, tag);
}
