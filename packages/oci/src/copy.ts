import { registryError } from './error.ts';
import { type Descriptor, isIndex, isManifest } from './manifest.ts';
import type { Store } from './store.ts';

const DEPTH_MAX = 3;
const MANIFESTS_MAX = 1000;

/**
 * Copies an image, or an index with all of its images, and gives the descriptor that it then has under the tag: the same digest.
 * onBlob: before each blob that is looked at. Throws FL_REGISTRY.
 */
export async function copyImage(
  from: Store,
  tagOrDigest: string,
  to: Store,
  tag?: string,
  onBlob?: (descriptor: Descriptor) => void,
): Promise<Descriptor> {
  const done = new Set<string>();

  async function copy(what: string, depth: number, tag?: string): Promise<Descriptor> {
    const { bytes, descriptor, config, layers, manifests } = await from.manifest(what);
    if (depth > DEPTH_MAX || done.size > MANIFESTS_MAX)
      throw registryError(
        from.name,
        `${descriptor.digest}: an index of indexes of indexes, or one without end`,
      );
    done.add(descriptor.digest);
    for (const entry of manifests) {
      if (done.has(entry.digest)) continue;
      if (!isManifest(entry.mediaType))
        throw registryError(from.name, `${entry.digest} in an index is no image`);
      await copy(entry.digest, depth + 1);
    }
    if (!isIndex(descriptor.mediaType)) {
      for (const blob of config ? [config, ...layers] : layers) {
        if (done.has(blob.digest)) continue;
        onBlob?.(blob);
        await to.putBlob(blob, () => from.blob(blob));
        done.add(blob.digest);
      }
    }
    return to.putManifest(bytes, descriptor.mediaType, tag);
  }

  return copy(tagOrDigest, 1, tag);
}
