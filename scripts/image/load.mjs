// Gives an image to docker or podman, in the format that all their versions load.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { $ } from 'zx';
import { thisPlatform } from './builder.mjs';

/** folder, images: of writeLayout. An engine gets the image for its own machine, or the only one. */
export async function loadInto(engine, folder, images, tag) {
  const image = images.find(({ platform }) => platform === thisPlatform) ?? images[0];
  const work = mkdtempSync(join(tmpdir(), 'flexilib-load-'));
  try {
    const archive = join(work, 'image.tar');
    await writeArchive(archive, folder, image, tag);
    await $`${engine} load --input ${archive}`;
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** What `docker save` writes. */
export async function writeArchive(path, folder, { config, layers }, tag) {
  const blob = ({ digest }) => `blobs/${digest.replace(':', '/')}`;
  const work = mkdtempSync(join(tmpdir(), 'flexilib-archive-'));
  try {
    const manifest = [{ Config: blob(config), RepoTags: [tag], Layers: layers.map(blob) }];
    writeFileSync(join(work, 'manifest.json'), JSON.stringify(manifest));
    const blobs = [config, ...layers].map(blob);
    await $`tar -cf ${path} -C ${work} manifest.json -C ${folder} ${[...new Set(blobs)]}`;
  } finally {
    rmSync(work, { recursive: true });
  }
}
