// A folder in the OCI image layout: blobs/ALGORITHM/HEX, and index.json, which names what is in it.
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { algorithmOf, digestOf, fits, hexOf } from './digest.ts';
import { registryError } from './error.ts';
import { type Descriptor, MANIFEST_MAX, type Manifest, MediaType, parseManifest } from './manifest.ts';
import { isDigest } from './reference.ts';
import { ofType, referrerOf } from './referrers.ts';
import { one, type Store, verified } from './store.ts';

const VERSION = '1.0.0';
const NAME = 'org.opencontainers.image.ref.name';

/** The folder need not be there if something is put into it. A tag is the name that index.json gives; «latest» also the only one. */
export function openLayout(folder: string): Store {
  const fileOf = (digest: string) => join(folder, 'blobs', algorithmOf(digest), hexOf(digest));

  async function resolve(what: string): Promise<Descriptor | null> {
    const entries = await readLayoutIndex(folder);
    if (isDigest(what)) {
      const entry = entries.find(({ digest }) => digest === what);
      if (entry) return entry;
      return (await stat(fileOf(what)).catch(() => null)) && (await manifest(what)).descriptor;
    }
    const named = entries.find(({ annotations }) => annotations?.[NAME] === what);
    return named ?? (what === 'latest' && entries.length === 1 ? entries[0] : null);
  }

  async function manifest(what: string): Promise<Manifest> {
    const digest = isDigest(what) ? what : (await resolve(what))?.digest;
    const bytes = digest && (await readFile(fileOf(digest)).catch(() => null));
    if (!bytes) throw registryError(folder, `the layout has no ${what}`);
    if (bytes.length > MANIFEST_MAX || !fits(digest, bytes))
      throw registryError(folder, `${digest}: its file holds something else`);
    return parseManifest(folder, bytes, typeIn(bytes), digest);
  }

  async function* blob(descriptor: Descriptor): AsyncGenerator<Uint8Array> {
    const source = createReadStream(fileOf(descriptor.digest));
    try {
      yield* verified(folder, descriptor, source);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw code === 'FL_REGISTRY' ? error : registryError(folder, `${descriptor.digest}: ${message}`, error);
    }
  }

  async function putBlob(descriptor: Descriptor, source: () => AsyncIterable<Uint8Array>): Promise<void> {
    const path = fileOf(descriptor.digest);
    if ((await stat(path).catch(() => null))?.size === descriptor.size) return;
    await mkdir(join(path, '..'), { recursive: true });
    await replace(path, verified(folder, descriptor, source()));
  }

  async function putManifest(bytes: Buffer, mediaType: string, tag?: string): Promise<Descriptor> {
    const { descriptor } = parseManifest(folder, bytes, mediaType, digestOf(bytes));
    await putBlob(descriptor, () => one(bytes));
    const isNew = (await stat(join(folder, 'index.json')).catch(() => null)) === null;
    const entries = isNew ? [] : await readLayoutIndex(folder);
    const others = entries.filter((entry) =>
      tag === undefined ? entry.digest !== descriptor.digest : entry.annotations?.[NAME] !== tag,
    );
    const entry = tag === undefined ? descriptor : { ...descriptor, annotations: { [NAME]: tag } };
    const index = { schemaVersion: 2, mediaType: MediaType.index, manifests: [...others, entry] };
    await replace(join(folder, 'oci-layout'), one(Buffer.from(`{"imageLayoutVersion":"${VERSION}"}`)));
    await replace(join(folder, 'index.json'), one(Buffer.from(JSON.stringify(index))));
    return descriptor;
  }

  /** index.json lists them beside the images. */
  async function referrers(digest: string, artifactType?: string): Promise<Descriptor[]> {
    const found: Descriptor[] = [];
    for (const entry of await readLayoutIndex(folder)) {
      const listed = await manifest(entry.digest);
      if (listed.subject?.digest === digest) found.push(referrerOf(listed));
    }
    return ofType(found, artifactType);
  }

  return { name: folder, resolve, manifest, blob, putBlob, putManifest, referrers };
}

/** In one step. Follows no link: who made the layout could have put one there, to a file of ours. */
async function replace(path: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  const temporary = `${path}.${randomUUID()}`;
  const file = await open(temporary, 'wx');
  try {
    for await (const chunk of bytes) await file.writeFile(chunk);
    await file.close();
    await rename(temporary, path);
  } catch (error) {
    await file.close();
    await rm(temporary, { force: true });
    throw error;
  }
}

/** What a layout's index.json names. Throws FL_REGISTRY. */
export async function readLayoutIndex(folder: string): Promise<Descriptor[]> {
  const read = (name: string) =>
    readFile(join(folder, name)).catch((cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'ENOENT' ? `no OCI layout: it has no ${name}` : cause.message;
      throw registryError(folder, why, cause);
    });
  const bytes = await read('index.json');
  if (versionIn(await read('oci-layout')) !== VERSION)
    throw registryError(folder, `its file oci-layout says another version than ${VERSION}, or none`);
  return parseManifest(folder, bytes, MediaType.index).manifests;
}

function versionIn(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))?.imageLayoutVersion;
  } catch {
    return undefined;
  }
}

/** A layout's files have no media type of their own; a manifest need not say it. */
function typeIn(bytes: Buffer): string {
  try {
    const { mediaType, manifests } = JSON.parse(bytes.toString('utf8'));
    return typeof mediaType === 'string' ? mediaType : manifests ? MediaType.index : MediaType.manifest;
  } catch {
    return MediaType.manifest; // the parser says what is wrong
  }
}
