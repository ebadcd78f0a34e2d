// Reads an image as a registry's client does: by digests, each checked.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly os: string; readonly architecture: string };
}

export interface Image {
  readonly digest: string;
  readonly config: {
    readonly architecture: string;
    readonly created: string;
    readonly config: Record<string, unknown>;
    readonly rootfs: { readonly diff_ids: readonly string[] };
  };
  readonly layers: readonly string[];
}

/** Gives the digest of the layout's index, and the images by platform. Throws when a blob isn't what its digest says. */
export function readLayout(folder: string): { digest: string; images: Map<string, Image> } {
  const path = ({ digest, size }: Descriptor) => {
    const path = join(folder, 'blobs', digest.replace(':', '/'));
    const bytes = readFileSync(path);
    const found = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    if (found !== digest || bytes.length !== size) throw new Error(`${path} is ${found}`);
    return path;
  };
  const read = (descriptor: Descriptor) => JSON.parse(readFileSync(path(descriptor), 'utf8'));
  const [index] = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')).manifests as Descriptor[];
  const manifests = read(index!).manifests as Descriptor[];
  const images = manifests.map((descriptor): [string, Image] => {
    const { config, layers } = read(descriptor) as { config: Descriptor; layers: Descriptor[] };
    const { os, architecture } = descriptor.platform!;
    return [
      `${os}/${architecture}`,
      { digest: descriptor.digest, config: read(config), layers: layers.map(path) },
    ];
  });
  return { digest: index!.digest, images: new Map(images) };
}

/** Lays the image's root out in a folder. */
export function unpack({ layers }: Image, into: string): string {
  mkdirSync(into);
  for (const layer of layers) execFileSync('tar', ['-xzf', layer, '--numeric-owner', '-C', into]);
  return into;
}
