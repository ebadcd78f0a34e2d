// Gives an image to docker or podman, in the format that all their versions load.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { $ } from 'zx';

/** image: of readLayout. */
export async function loadInto(engine, image, tag) {
  const work = mkdtempSync(join(tmpdir(), 'flexilib-load-'));
  try {
    await writeArchive(join(work, 'image.tar'), image, tag);
    await $`${engine} load --input ${join(work, 'image.tar')}`;
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** What `docker save` writes. */
export async function writeArchive(path, { config, layers }, tag) {
  const work = mkdtempSync(join(tmpdir(), 'flexilib-archive-'));
  try {
    const manifest = [
      { Config: 'config.json', RepoTags: [tag], Layers: layers.map((layer) => basename(layer)) },
    ];
    writeFileSync(join(work, 'manifest.json'), JSON.stringify(manifest));
    writeFileSync(join(work, 'config.json'), JSON.stringify(config));
    const blobs = layers.map((layer) => basename(layer));
    await $`tar -cf ${path} -C ${work} manifest.json config.json -C ${dirname(layers[0])} ${blobs}`;
  } finally {
    rmSync(work, { recursive: true });
  }
}
