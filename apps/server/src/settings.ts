import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { isOwn } from '@flexilib/loader';
import { FlexilibError } from '@flexilib/native';
import { cacheFolder } from '@flexilib/oci';
import { environmentOptions, formatDiagnostic, parseConfig, type ServerOptions } from '@flexilib/router';
import { type LibraryDestination, type PulledImage, type SettledRoute, settleRoute } from './settle.ts';

/** Unless the configuration says more. */
const LIBRARY_BODY_MAX = 16 << 20;
/** A library has the whole of it in memory. */
const LIBRARY_BODY_LIMIT = 2 ** 30;

export interface Settings {
  routes: SettledRoute[];
  server: ServerOptions & { threads: number };
  /** Largest body of a request to a library; upstreams have their own. */
  maxBody: number;
  /** Whose Forwarded and X-Forwarded-* are believed: addresses and networks. */
  trusted: readonly string[];
  /** Ready to be told. */
  warnings: string[];
  /** Where pulled libraries are. */
  cache: string;
  /** What was read. */
  text: string;
}

/** What a file held. */
export interface Source {
  text: string;
  /** SHA-256 of its bytes, in lower-case hex. */
  hash: string;
}

/** In the run directory: the configuration that is in force, whatever the file says by now. A successor goes on with it. */
export const configCopy = (directory: string): string => join(directory, 'proxy.ini');

/** Keeps it for successors, in one step, since one may be reading it. Rejects when it can't. */
export async function keepConfig(directory: string, { text }: Settings): Promise<void> {
  if (!isOwn(directory)) throw new Error(`${directory} is gone, or another user's`);
  const written = `${configCopy(directory)}.${process.pid}`;
  await writeFile(written, text);
  await rename(written, configCopy(directory));
}

/** As it was at the start: a library may change it. */
export const startedWith: NodeJS.ProcessEnv = { ...process.env };

/** copy: read instead of the file, which it is a copy of. Throws FL_CONFIG. */
export async function readSource(file: string, copy: string = file): Promise<Source> {
  const bytes = await readFile(copy).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' ? 'no such file; name one with --config FILE' : cause.message;
    throw new FlexilibError('FL_CONFIG', `${file}: ${why}`, { path: file, cause });
  });
  return { text: bytes.toString(), hash: createHash('sha256').update(bytes).digest('hex') };
}

/** Reads and checks the file and the environment. Throws FL_CONFIG, whose message names every error, a line each. */
export async function readSettings(file: string): Promise<Settings> {
  return settingsOf(file, await readSource(file));
}

/** The same, of what was read already. */
export function settingsOf(file: string, { text }: Source): Settings {
  const config = parseConfig(text, file);
  const environment = environmentOptions(startedWith);
  const errors = [...config.errors.map(formatDiagnostic), ...environment.errors];
  if (errors.length > 0) throw new FlexilibError('FL_CONFIG', errors.join('\n'), { path: file });
  const folder = dirname(resolve(file));
  const server = { ...config.server, ...environment.server };
  const cache = resolve(cacheFolder(startedWith));
  return {
    routes: config.routes.map((route) => settleRoute(route, server, folder, cache)),
    server: {
      ...server,
      threads: server.threads ?? threadsOf(server.workers),
      require_signature: server.require_signature && resolve(folder, server.require_signature),
    },
    maxBody: Math.min(server.max_body ?? LIBRARY_BODY_MAX, LIBRARY_BODY_LIMIT),
    trusted: server.trusted_proxies ?? [],
    warnings: config.warnings.map(formatDiagnostic),
    cache,
    text,
  };
}

/** The libraries that routes and their canaries name, pulled ones included. */
export function librariesOf(routes: Settings['routes']): Set<string> {
  return new Set(libraryDestinations(routes).map(({ library }) => library));
}

/** Those that come from a registry, by their paths in the cache; of several intervals the shortest counts. */
export function imagesOf(routes: Settings['routes']): Map<string, PulledImage> {
  const images = new Map<string, PulledImage>();
  for (const { library, image } of libraryDestinations(routes)) {
    const known = images.get(library);
    if (image && (!known || image.interval < known.interval)) images.set(library, image);
  }
  return images;
}

function libraryDestinations(routes: Settings['routes']): LibraryDestination[] {
  const destinations = routes.flatMap(({ destination, canary }) => [destination, canary?.destination]);
  return destinations.filter((to) => to?.kind === 'library');
}

/** What one of so many serving processes may use of the machine. */
function threadsOf(workers: number): number {
  return Math.max(1, Math.floor(availableParallelism() / workers));
}
