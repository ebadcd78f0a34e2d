// Makes an OCI image layout of what a builder made. What would tell builders and their versions apart stays behind: names of
// machines and containers, the history's texts and times, and how layers were compressed.
import { createHash } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  createWriteStream,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { $ } from 'zx';

const types = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
};

/** Of the configuration, in this order. Healthcheck is docker's, which reads it in this format too. */
const kept = [
  'User',
  'ExposedPorts',
  'Env',
  'Entrypoint',
  'Cmd',
  'Healthcheck',
  'Volumes',
  'StopSignal',
  'Labels',
];

/**
 * Fills a folder. images: what build gives, with `platform`. labels: of the image, by name, also as annotations. created: ISO 8601.
 * name: the tag. Gives the descriptor of the index, and of each image `platform`, `manifest`, `config` and `layers`, descriptors.
 */
export async function writeLayout(folder, images, { labels, created, name }) {
  const blobs = join(folder, 'blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  const put = (mediaType, value) => {
    const bytes = Buffer.from(JSON.stringify(value));
    const hex = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(blobs, hex), bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  };

  const written = [];
  for (const { platform, config: made, layers: paths } of images) {
    const layers = await Promise.all(paths.map((path) => compress(path, blobs)));
    const [os, architecture] = platform.split('/');
    const chosen = kept.filter((key) => made.config[key]).map((key) => [key, made.config[key]]);
    const own = { ...Object.fromEntries(chosen), Labels: sorted({ ...made.config.Labels, ...labels }) };
    const config = put(types.config, {
      created,
      architecture,
      os,
      config: own,
      rootfs: { type: 'layers', diff_ids: layers.map(({ diff }) => diff) },
      history: layers.map(() => ({ created, created_by: 'docker/Dockerfile' })),
    });
    const manifest = put(types.manifest, {
      schemaVersion: 2,
      mediaType: types.manifest,
      config,
      layers: layers.map(({ descriptor }) => descriptor),
      annotations: own.Labels,
    });
    written.push({ platform, manifest, config, layers: layers.map(({ descriptor }) => descriptor) });
  }
  const index = put(types.index, {
    schemaVersion: 2,
    mediaType: types.index,
    manifests: written.map(({ platform, manifest }) => {
      const [os, architecture] = platform.split('/');
      return { ...manifest, platform: { architecture, os } };
    }),
    annotations: sorted(labels),
  });
  writeFileSync(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  const named = { ...index, annotations: { 'org.opencontainers.image.ref.name': name } };
  writeFileSync(
    join(folder, 'index.json'),
    JSON.stringify({ schemaVersion: 2, mediaType: types.index, manifests: [named] }),
  );
  return { index, images: written };
}

/** gzip(1), since what Node's own zlib makes depends on the processor, and what builders' make on their version and is larger. */
async function compress(path, blobs) {
  const raw = createHash('sha256');
  const packed = createHash('sha256');
  const part = join(blobs, `.${process.pid}-${path.split('/').at(-1)}`);
  const gzip = $({ stdio: ['pipe', 'pipe', 'inherit'], quiet: true })`gzip -n`;
  const inflate = isCompressed(path) ? [createGunzip()] : [];
  let size = 0;
  await Promise.all([
    pipeline(
      createReadStream(path),
      ...inflate,
      tap((bytes) => raw.update(bytes)),
      gzip.stdin,
    ),
    pipeline(
      gzip.stdout,
      tap((bytes) => {
        packed.update(bytes);
        size += bytes.length;
      }),
      createWriteStream(part),
    ),
  ]);
  const hex = packed.digest('hex');
  renameSync(part, join(blobs, hex));
  return {
    diff: `sha256:${raw.digest('hex')}`,
    descriptor: { mediaType: types.layer, digest: `sha256:${hex}`, size },
  };
}

const tap = (see) =>
  async function* (source) {
    for await (const bytes of source) {
      see(bytes);
      yield bytes;
    }
  };

function isCompressed(path) {
  const magic = Buffer.alloc(2);
  const file = openSync(path);
  readSync(file, magic);
  closeSync(file);
  return magic.readUInt16BE(0) === 0x1f8b;
}

const sorted = (object) => Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
