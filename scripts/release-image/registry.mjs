// The image on its way into a registry.
import { copyImage } from '@flexilib/oci';

/**
 * Pushes by digest, unless the registry has it under the commit's tag. Gives whether it was there. Throws an Error when the
 * tag leads to another image: a commit has one.
 */
export async function push(layout, digest, registry, short) {
  const there = await registry.resolve(short);
  if (there && there.digest !== digest)
    throw new Error(
      `${registry.name}:${short} is ${there.digest} already, and what this commit builds here is ${digest}. A commit has one ` +
        'image: find what differs between the two builds, or delete that tag',
    );
  await copyImage(layout, digest, registry);
  return there !== null;
}

export async function setTags(registry, digest, tags) {
  const { bytes, descriptor } = await registry.manifest(digest);
  for (const tag of tags) await registry.putManifest(bytes, descriptor.mediaType, tag);
}
