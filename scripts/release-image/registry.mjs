// The image on its way into a registry.
import { copyImage } from '@flexilib/oci';

const isVersion = (tag) => /^\d+\.\d+\.\d+/.test(tag);

/**
 * Pushes by digest, unless the registry has it under the commit's tag. Gives whether it was there. Throws an Error when that tag,
 * or a version's among the tags, leads to another image: these are for ever.
 */
export async function push(layout, digest, registry, short, tags) {
  for (const tag of [short, ...tags.filter(isVersion)]) {
    const there = await registry.resolve(tag);
    if (there && there.digest !== digest)
      throw new Error(
        `${registry.name}:${tag} is ${there.digest} already, and what this commit builds here is ${digest}. A commit has one image, ` +
          'and a version too: find what differs between the two builds, or delete that tag',
      );
  }
  const wasThere = (await registry.resolve(short)) !== null;
  await copyImage(layout, digest, registry);
  return wasThere;
}

export async function setTags(registry, digest, tags) {
  const { bytes, descriptor } = await registry.manifest(digest);
  for (const tag of tags) await registry.putManifest(bytes, descriptor.mediaType, tag);
}
