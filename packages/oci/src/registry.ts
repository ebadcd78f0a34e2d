// A repository of a registry: OCI distribution specification 1.1.
import { createSend, howToLogIn, type Send } from './authorize.ts';
import { credentialsFromConfig, type FindCredentials } from './credentials.ts';
import { digestOf, fits } from './digest.ts';
import { registryError } from './error.ts';
import { type Incoming, readBody, unreachable } from './exchange.ts';
import {
  type Descriptor,
  isIndex,
  isManifest,
  MANIFEST_MAX,
  type Manifest,
  MediaType,
  parseManifest,
  text,
} from './manifest.ts';
import { formatReference, isDigest, type Reference, readReference } from './reference.ts';
import { addToFallback, fallbackTag, ofType, referrerOf } from './referrers.ts';
import { one, type Store, verified } from './store.ts';
import { upload } from './upload.ts';

export interface RegistryOptions {
  /** Unless given: from docker's and podman's files. */
  credentials?: FindCredentials;
  /** Tokens are asked for with the right to push. */
  push?: boolean;
}

const ASK_MS = 60_000;
const BLOB_MS = 30 * 60_000;
const ERROR_MAX = 16 << 10;
const PAGES_MAX = 20;
const LOOKED_AT_MAX = 100;
const ACCEPT = [MediaType.manifest, MediaType.index, MediaType.dockerManifest, MediaType.dockerIndex].join(
  ', ',
);
/** What registries answer that have no referrers API: 404 by the specification, the others in life. */
const NO_REFERRERS: ReadonlySet<number> = new Set([400, 404, 405, 406, 501]);

/** As readReference. Throws FL_REGISTRY. */
export function parseReference(text: string): Reference {
  const reference = readReference(text);
  if (typeof reference === 'string') throw registryError(text.slice(0, 200), reference.replaceAll('`', ''));
  return reference;
}

/** The repository that the reference is in. Nothing is sent before it is used. */
export function openRegistry(reference: Reference, options: RegistryOptions = {}): Store {
  const { registry, repository, plain } = reference;
  const name = formatReference({ ...reference, tag: undefined, digest: undefined });
  const send: Send = createSend(
    name,
    reference,
    options.push ? 'pull,push' : 'pull',
    options.credentials ?? credentialsFromConfig,
  );
  const host = registry === 'docker.io' ? 'registry-1.docker.io' : registry;
  const base = new URL(`${plain ? 'http' : 'https'}://${host}/v2/${repository}/`);
  const at = (path: string) => new URL(path, base);
  const named = (what: string) => `${name}${isDigest(what) ? '@' : ':'}${what}`;

  async function resolve(what: string): Promise<Descriptor | null> {
    const answer = await send({
      method: 'HEAD',
      url: at(`manifests/${what}`),
      headers: { accept: ACCEPT },
      timeout: ASK_MS,
    });
    answer.body.resume();
    if (answer.status === 404) return null;
    if (answer.status !== 200) throw await refusal(named(what), registry, answer);
    const mediaType = typeOf(answer);
    const digest = answer.headers['docker-content-digest'];
    const size = Number(answer.headers['content-length'] ?? Number.NaN);
    // The specification lets a registry leave these out.
    if (
      typeof digest !== 'string' ||
      !isDigest(digest) ||
      !Number.isSafeInteger(size) ||
      !isManifest(mediaType)
    )
      return (await manifest(what)).descriptor;
    if (isDigest(what) && what !== digest)
      throw registryError(named(what), `the registry says that it is ${digest}`);
    return { mediaType, digest, size };
  }

  async function manifest(what: string): Promise<Manifest> {
    const where = named(what);
    const answer = await send({
      method: 'GET',
      url: at(`manifests/${what}`),
      headers: { accept: ACCEPT },
      timeout: ASK_MS,
    });
    if (answer.status === 404) {
      answer.body.destroy();
      throw registryError(where, '404, the registry has no such tag, or no such name for who asks');
    }
    if (answer.status !== 200) throw await refusal(where, registry, answer);
    const bytes = await readBody(where, answer, MANIFEST_MAX);
    const said = answer.headers['docker-content-digest'];
    const digest = isDigest(what)
      ? what
      : typeof said === 'string' && isDigest(said)
        ? said
        : digestOf(bytes);
    if (!fits(digest, bytes))
      throw registryError(where, `what came isn't ${digest}, it hashes to ${digestOf(bytes)}`);
    return parseManifest(where, bytes, typeOf(answer), digest);
  }

  async function* blob(descriptor: Descriptor): AsyncGenerator<Uint8Array> {
    const where = named(descriptor.digest);
    const answer = await send({ method: 'GET', url: at(`blobs/${descriptor.digest}`), timeout: BLOB_MS });
    if (answer.status !== 200) throw await refusal(where, registry, answer);
    const announced = answer.headers['content-length'];
    if (announced !== undefined && Number(announced) !== descriptor.size) {
      answer.body.destroy();
      throw registryError(
        where,
        `the registry sends ${announced} bytes, the manifest says ${descriptor.size}`,
      );
    }
    try {
      yield* verified(where, descriptor, answer.body);
    } catch (error) {
      throw unreachable(where, answer.url, error as Error);
    } finally {
      answer.body.destroy();
    }
  }

  async function putBlob(descriptor: Descriptor, open: () => AsyncIterable<Uint8Array>): Promise<void> {
    const where = named(descriptor.digest);
    const head = await send({ method: 'HEAD', url: at(`blobs/${descriptor.digest}`), timeout: ASK_MS });
    head.body.resume();
    if (head.status === 200) return;
    if (head.status !== 404) throw await refusal(where, registry, head);
    const failed = await upload(where, send, at('blobs/uploads/'), descriptor, open, BLOB_MS);
    if (failed) throw await refusal(where, registry, failed);
  }

  async function putManifest(bytes: Buffer, mediaType: string, tag?: string): Promise<Descriptor> {
    const digest = digestOf(bytes);
    const where = named(tag ?? digest);
    const { descriptor, subject, ...rest } = parseManifest(where, bytes, mediaType, digest);
    const answer = await send({
      method: 'PUT',
      url: at(`manifests/${tag ?? digest}`),
      headers: { 'content-type': mediaType },
      body: {
        length: bytes.length,
        open: () => one(bytes),
      },
      timeout: ASK_MS,
    });
    if (answer.status < 200 || answer.status > 299) throw await refusal(where, registry, answer);
    answer.body.resume();
    const said = answer.headers['docker-content-digest'];
    if (said !== undefined && said !== digest)
      throw registryError(where, `the registry stored ${said} instead of ${digest}`);
    // Not all that list it say so.
    if (subject && answer.headers['oci-subject'] === undefined && !(await listed(subject.digest)))
      await addToFallback(store, subject, { descriptor, subject, ...rest });
    return descriptor;
  }

  async function referrers(digest: string, artifactType?: string): Promise<Descriptor[]> {
    const found = (await listed(digest, artifactType)) ?? (await fallback(digest));
    const told: Descriptor[] = [];
    for (const [index, entry] of found.entries()) {
      // Some list the type of the config instead, which says nothing where that is empty.
      const isVague = entry.artifactType === undefined || entry.artifactType === MediaType.empty;
      told.push(isVague && index < LOOKED_AT_MAX ? referrerOf(await manifest(entry.digest)) : entry);
    }
    return ofType(told, artifactType);
  }

  /** By the API; null: the registry has none. */
  async function listed(digest: string, artifactType?: string): Promise<Descriptor[] | null> {
    const where = named(digest);
    const found: Descriptor[] = [];
    let next: URL | null = at(`referrers/${digest}`);
    if (artifactType !== undefined) next.searchParams.set('artifactType', artifactType);
    for (let page = 0; next && page < PAGES_MAX; page++) {
      const headers = { accept: MediaType.index };
      const answer = await send({ method: 'GET', url: next, headers, timeout: ASK_MS });
      const isList = answer.status === 200 && isIndex(typeOf(answer));
      if (!isList && page === 0 && (answer.status === 200 || NO_REFERRERS.has(answer.status))) {
        answer.body.destroy();
        return null;
      }
      if (!isList) throw await refusal(where, registry, answer);
      const bytes = await readBody(where, answer, MANIFEST_MAX);
      found.push(...parseManifest(where, bytes, typeOf(answer)).manifests);
      next = nextPage(where, answer, base.origin);
    }
    return found;
  }

  async function fallback(digest: string): Promise<Descriptor[]> {
    const tag = fallbackTag(digest);
    const descriptor = await resolve(tag);
    return descriptor && isIndex(descriptor.mediaType) ? (await manifest(descriptor.digest)).manifests : [];
  }

  const store: Store = { name, resolve, manifest, blob, putBlob, putManifest, referrers };
  return store;
}

const typeOf = ({ headers }: Incoming): string =>
  (headers['content-type'] ?? '').split(';')[0].trim().toLowerCase();

/** Link: </v2/…>; rel="next" (RFC 8288). It is asked with the registry's credentials, so it must be on the registry, whoever answered. */
function nextPage(where: string, { headers, url }: Incoming, origin: string): URL | null {
  const link = /^<([^>]*)>\s*;\s*rel="?next"?/.exec(String(headers.link ?? ''))?.[1];
  if (link === undefined) return null;
  const next = URL.canParse(link, url.href) ? new URL(link, url) : null;
  if (next?.origin !== origin) throw registryError(where, 'its list of referrers goes on somewhere else');
  return next;
}

/** What the registry's own words are, if it has any: {"errors":[{"code","message"}]}. */
async function refusal(where: string, registry: string, answer: Incoming): Promise<Error> {
  const { status } = answer;
  const body = await readBody(where, answer, ERROR_MAX).catch(() => Buffer.alloc(0));
  let said = '';
  try {
    const [first] = JSON.parse(body.toString('utf8')).errors;
    said = [first.code, first.message].filter((part) => typeof part === 'string' && part !== '').join(', ');
  } catch {
    // A proxy's page, or nothing: the status must do.
  }
  const hint =
    status === 401 || status === 403
      ? `; these credentials may not do this, ${howToLogIn(registry)}`
      : status === 429
        ? '; it takes no more requests for the moment'
        : '';
  return registryError(where, `${registry} answers ${status}${said && `: ${text(said)}`}${hint}`);
}
