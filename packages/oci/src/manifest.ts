// What the bytes of a manifest say: OCI image specification 1.1, image manifests and indexes, and Docker's of the same shape.

import { digestOf } from './digest.ts';
import { registryError } from './error.ts';
import { isDigest } from './reference.ts';

export interface Platform {
  /** «amd64», «arm64»: Go's names. */
  architecture: string;
  os: string;
  variant?: string;
}

/** What points at a blob or a manifest. */
export interface Descriptor {
  mediaType: string;
  digest: string;
  /** Bytes. */
  size: number;
  artifactType?: string;
  platform?: Platform;
  annotations?: Record<string, string>;
}

export interface Manifest {
  /** Of the bytes themselves. */
  descriptor: Descriptor;
  /** As they were stored: what the digest is of. */
  bytes: Buffer;
  artifactType: string | undefined;
  /** Of an image, null for an index. */
  config: Descriptor | null;
  layers: Descriptor[];
  /** Of an index, else empty. */
  manifests: Descriptor[];
  /** What this one is about: it is a referrer of that. */
  subject: Descriptor | null;
  annotations: Record<string, string>;
}

export const MediaType = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  empty: 'application/vnd.oci.empty.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
} as const;

/** The blob that stands for «no config». */
export const EMPTY: Buffer = Buffer.from('{}');

export const isIndex = (mediaType: string): boolean =>
  mediaType === MediaType.index || mediaType === MediaType.dockerIndex;
export const isManifest = (mediaType: string): boolean =>
  isIndex(mediaType) || mediaType === MediaType.manifest || mediaType === MediaType.dockerManifest;

/** Bytes of a manifest: what the specification asks registries to take. */
export const MANIFEST_MAX: number = 4 << 20;
const ENTRIES_MAX = 10_000;

/** mediaType: what the registry says it is; a manifest that says otherwise of itself is refused. Throws FL_REGISTRY. */
export function parseManifest(where: string, bytes: Buffer, mediaType: string, digest?: string): Manifest {
  const wrong = (what: string) => registryError(where, `its manifest is not to be used: ${what}`);
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw wrong('it is no JSON');
  }
  if (!isObject(json)) throw wrong('it is no object');
  if (json.schemaVersion !== 2) throw wrong(`schemaVersion ${text(json.schemaVersion)}, not 2`);
  if (json.mediaType !== undefined && json.mediaType !== mediaType)
    throw wrong(`it says that it is ${text(json.mediaType)}, the registry says ${text(mediaType)}`);
  if (!isManifest(mediaType)) throw wrong(`${text(mediaType)} is neither an image nor an index`);
  // One that is both means one thing to one tool and another to the next (CVE-2021-41190).
  if (json.manifests !== undefined && (json.layers !== undefined || json.config !== undefined))
    throw wrong('it is an image and an index at once');
  const list = (value: unknown, name: string): Descriptor[] => {
    if (value === undefined) return [];
    if (!Array.isArray(value) || value.length > ENTRIES_MAX) throw wrong(`${name} is no list, or too long`);
    return value.map((entry) => parseDescriptor(entry) ?? fail(name));
  };
  const fail = (name: string): never => {
    throw wrong(`an entry of ${name} is no descriptor`);
  };
  const one = (value: unknown, name: string): Descriptor | null =>
    value === undefined ? null : (parseDescriptor(value) ?? fail(name));
  if (isIndex(mediaType) ? !Array.isArray(json.manifests) : !Array.isArray(json.layers))
    throw wrong(`it has no ${isIndex(mediaType) ? 'manifests' : 'layers'}`);
  return {
    descriptor: { mediaType, digest: digest ?? digestOf(bytes), size: bytes.length },
    bytes,
    artifactType: typeof json.artifactType === 'string' ? json.artifactType : undefined,
    config: one(json.config, 'config'),
    layers: list(json.layers, 'layers'),
    manifests: list(json.manifests, 'manifests'),
    subject: one(json.subject, 'subject'),
    annotations: strings(json.annotations),
  };
}

/** null: it is none. Fields that nobody here needs are left out. */
export function parseDescriptor(value: unknown): Descriptor | null {
  if (!isObject(value)) return null;
  const { mediaType, digest, size, artifactType, platform } = value;
  if (typeof mediaType !== 'string' || typeof digest !== 'string' || !isDigest(digest)) return null;
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return null;
  const descriptor: Descriptor = { mediaType, digest, size };
  if (typeof artifactType === 'string') descriptor.artifactType = artifactType;
  if (value.annotations !== undefined) descriptor.annotations = strings(value.annotations);
  if (isObject(platform) && typeof platform.architecture === 'string' && typeof platform.os === 'string') {
    descriptor.platform = { architecture: platform.architecture, os: platform.os };
    if (typeof platform.variant === 'string') descriptor.platform.variant = platform.variant;
  }
  return descriptor;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function strings(value: unknown): Record<string, string> {
  if (!isObject(value)) return {};
  const pairs = Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === 'string');
  return Object.fromEntries(pairs); // defines keys, so «__proto__» is one as any other
}

/** Of a stranger, for a message: JSON leaves some of what controls a terminal as it is. */
export const text = (value: unknown): string =>
  String(JSON.stringify(value) ?? value)
    .slice(0, 100)
    .replace(/\p{Cc}/gu, '?');
