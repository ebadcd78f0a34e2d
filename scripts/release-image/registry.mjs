// The image on its way into a registry, and back.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyImage, openLayout } from '@flexilib/oci';

/**
 * Pushes by digest, unless the registry has it under the commit's tag. Gives whether it was there. Throws an Error when the
 * tag leads to another image: a commit has one.
 */
export async function push(layout, digest, registry, short) {
  const there = await registry.resolve(short);
  if (there && there.digest !== digest)
    throw new Error(
      `${registry.name}:${short} is ${there.digest} already, and what this commit builds here is ${digest}. A commit has one image: ` +
        'find what differs (`npm run image` prints what it builds with), or delete that tag',
    );
  await copyImage(layout, digest, registry);
  return there !== null;
}

/** All of it as others get it: by digest, each blob checked against its own. Gives how many bytes came. */
export async function pullBack(registry, digest) {
  const folder = mkdtempSync(join(tmpdir(), 'flexilib-pull-'));
  let bytes = 0;
  try {
    await copyImage(registry, digest, openLayout(folder), undefined, ({ size }) => {
      bytes += size;
    });
    return bytes;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export async function setTags(registry, digest, tags) {
  const { bytes, descriptor } = await registry.manifest(digest);
  for (const tag of tags) await registry.putManifest(bytes, descriptor.mediaType, tag);
}
