// Reads an image layout of ours, and lays an image's root out as folders.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { $ } from 'zx';

/**
 * Gives the `digest` of the index, and `images` by platform: `digest`, `config` (the OCI configuration), and `layers`, paths of
 * .tar.gz files. Throws when the folder has no layout.
 */
export function readLayout(folder) {
  const read = (path) => JSON.parse(readFileSync(join(folder, path), 'utf8'));
  const path = ({ digest }) => `blobs/${digest.replace(':', '/')}`;
  const [index] = read('index.json').manifests;
  const images = read(path(index)).manifests.map(({ platform, ...descriptor }) => {
    const { config, layers } = read(path(descriptor));
    const image = {
      digest: descriptor.digest,
      config: read(path(config)),
      layers: layers.map((layer) => join(folder, path(layer))),
    };
    return [`${platform.os}/${platform.architecture}`, image];
  });
  return { digest: index.digest, images: Object.fromEntries(images) };
}

/** layers: of readLayout. Ours only add: none takes a file of another away. Owners stay as they are for root alone. */
export async function unpack(layers, into) {
  mkdirSync(into, { recursive: true });
  for (const layer of layers) await $`tar -xzf ${layer} --numeric-owner -C ${into}`;
}
