// Libraries into a registry, as artifacts of OCI 1.1: the same bytes have the same digest, so nothing of the time is in them.
import { digestOf } from './digest.ts';
import { registryError } from './error.ts';
import { EXECUTOR, EXECUTOR_LIBRARY, EXECUTOR_SIGNATURE } from './executor.ts';
import { type Descriptor, EMPTY, MediaType } from './manifest.ts';
import { one, type Store } from './store.ts';

export interface PushedLibrary {
  /** Of its file. */
  name: string;
  /** «amd64», «arm64» */
  architecture: string;
  bytes: Buffer;
  /** The Sigstore bundle of it. */
  signature: Buffer | null;
}

const TITLE = 'org.opencontainers.image.title';

/** One library is an image, several of as many architectures are an index. Gives what the tag leads to then. Throws FL_REGISTRY. */
export async function pushExecutor(
  store: Store,
  tag: string,
  libraries: readonly PushedLibrary[],
): Promise<Descriptor> {
  const sorted = [...libraries].sort((a, b) => (a.architecture < b.architecture ? -1 : 1));
  const twin = sorted.find(({ architecture }, index) => architecture === sorted[index + 1]?.architecture);
  if (twin)
    throw registryError(
      store.name,
      `two of the libraries are for ${twin.architecture}; an image has one for each`,
    );
  const manifests: Descriptor[] = [];
  for (const library of sorted) {
    const manifest = await putLibrary(store, library, sorted.length > 1 ? undefined : tag);
    if (sorted.length === 1) return manifest;
    const platform = { architecture: library.architecture, os: 'linux' };
    manifests.push({ ...manifest, artifactType: EXECUTOR, platform });
  }
  const index = { schemaVersion: 2, mediaType: MediaType.index, artifactType: EXECUTOR, manifests };
  return store.putManifest(Buffer.from(JSON.stringify(index)), MediaType.index, tag);
}

async function putLibrary(
  store: Store,
  { name, bytes, signature }: PushedLibrary,
  tag?: string,
): Promise<Descriptor> {
  const put = async (mediaType: string, bytes: Buffer, title?: string): Promise<Descriptor> => {
    const descriptor: Descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
    await store.putBlob(descriptor, () => one(bytes));
    return title === undefined ? descriptor : { ...descriptor, annotations: { [TITLE]: title } };
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: MediaType.manifest,
    artifactType: EXECUTOR,
    config: await put(MediaType.empty, EMPTY),
    layers: [
      await put(EXECUTOR_LIBRARY, bytes, name),
      ...(signature ? [await put(EXECUTOR_SIGNATURE, signature, `${name}.sigstore.json`)] : []),
    ],
  };
  return store.putManifest(Buffer.from(JSON.stringify(manifest)), MediaType.manifest, tag);
}
