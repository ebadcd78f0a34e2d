// Where images are: a repository of a registry, or a folder in the OCI image layout. Both are used in the same way.

import { hasherFor, hexOf } from './digest.ts';
import { registryError } from './error.ts';
import type { Descriptor, Manifest } from './manifest.ts';

export interface Store {
  /** For messages: «ghcr.io/acme/api», or the folder. */
  readonly name: string;
  /** Where a tag or a digest leads, without getting it; null: there is no such thing. Throws FL_REGISTRY. */
  resolve(tagOrDigest: string): Promise<Descriptor | null>;
  /** At most 4 MiB, checked against its digest. Throws FL_REGISTRY, also when there is none. */
  manifest(tagOrDigest: string): Promise<Manifest>;
  /** Its bytes as they come. At the end, or as soon as it is too long, it throws FL_REGISTRY unless they are the descriptor's. */
  blob(descriptor: Descriptor): AsyncGenerator<Uint8Array>;
  /** Does nothing when the store has it. open: gives the bytes, again if it is called again. Throws FL_REGISTRY. */
  putBlob(descriptor: Descriptor, open: () => AsyncIterable<Uint8Array>): Promise<void>;
  /** Stored under its digest, and the tag if one is given; what it points at must be there. A referrer is listed as one from then on. */
  putManifest(bytes: Buffer, mediaType: string, tag?: string): Promise<Descriptor>;
  /** What refers to it: signatures, attestations, SBOMs. The registry's word: the manifest's subject says more. Throws FL_REGISTRY. */
  referrers(digest: string, artifactType?: string): Promise<Descriptor[]>;
}

/** A small blob as a whole. max: bytes. Throws FL_REGISTRY. */
export async function readBlob(store: Store, descriptor: Descriptor, max: number): Promise<Buffer> {
  if (descriptor.size > max)
    throw registryError(store.name, `${descriptor.digest} has ${descriptor.size} bytes, more than ${max}`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.blob(descriptor)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Writes a blob to a file that isn't there yet; removes it when the blob isn't good. Throws FL_REGISTRY, and what the file system throws. */
export async function saveBlob(
  store: Store,
  descriptor: Descriptor,
  path: string,
  mode = 0o644,
): Promise<void> {
  const { open, rm } = process.getBuiltinModule('node:fs/promises');
  const file = await open(path, 'wx', mode);
  try {
    for await (const chunk of store.blob(descriptor)) await file.writeFile(chunk);
    await file.sync();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

/** Passes on what comes, as long as it can be the descriptor's, and ends well only if it was. */
export async function* verified(
  where: string,
  { digest, size }: Descriptor,
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const hash = hasherFor(digest);
  let length = 0;
  for await (const chunk of source) {
    length += chunk.length;
    if (length > size) break;
    hash.update(chunk);
    yield chunk;
  }
  if (length !== size)
    throw registryError(
      where,
      `${digest}: ${length > size ? 'more' : `${length} bytes, fewer`} than the ${size} that were announced`,
    );
  const got = hash.digest('hex');
  if (got !== hexOf(digest))
    throw registryError(where, `${digest}: what came isn't that, it hashes to ${got}`);
}

/** One piece, as a body. */
export async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
