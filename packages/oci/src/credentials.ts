// Credentials from where docker, podman and Kubernetes keep them: read anew each time, since they are rotated.
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { registryError } from './error.ts';

/** A user's name and password, or a token with which tokens are asked for. */
export type Credentials = { username: string; password: string } | { identityToken: string };

/** Gives those for a repository of a registry, or null: it is asked without. */
export type FindCredentials = (registry: string, repository: string) => Promise<Credentials | null>;

interface Config {
  auths?: Record<string, { auth?: string; username?: string; password?: string; identitytoken?: string }>;
  credHelpers?: Record<string, string>;
  credsStore?: string;
}

const CONFIG_MAX = 1 << 20;
const HELPER_MAX = 64 << 10;
const HELPER_MS = 30_000;

/** docker.io's own name in these files. */
const DOCKER_IO = 'https://index.docker.io/v1/';

/**
 * Looks into $REGISTRY_AUTH_FILE, else $DOCKER_CONFIG/config.json, else ~/.docker/config.json. A credential helper that is
 * named there is run, without a shell. Throws FL_REGISTRY when the file isn't legible or the helper fails; never with what is in them.
 */
export const credentialsFromConfig: FindCredentials = async (registry, repository) => {
  const file = configFile(process.env);
  const config = await readConfig(file);
  const keys = keysOf(registry, repository);
  const named = keys.find((key) => own(config.credHelpers, key));
  const helper = named ? own(config.credHelpers, named) : undefined;
  if (helper !== undefined) return askHelper(file, helper, named === undefined ? registry : named);
  for (const key of keys) {
    const entry = own(config.auths, key);
    const found = entry && credentialsOf(file, key, entry);
    if (found) return found;
  }
  if (config.credsStore)
    return askHelper(file, config.credsStore, registry === 'docker.io' ? DOCKER_IO : registry);
  return null;
};

export function configFile(env: NodeJS.ProcessEnv): string {
  return env.REGISTRY_AUTH_FILE || join(env.DOCKER_CONFIG || join(homedir(), '.docker'), 'config.json');
}

async function readConfig(file: string): Promise<Config> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return {};
    throw registryError(file, `the registries' credentials can't be read: ${message}`);
  }
  if (bytes.length > CONFIG_MAX) throw registryError(file, 'larger than a file of credentials is (1 MiB)');
  try {
    const config: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof config === 'object' && config !== null) return config as Config;
  } catch {
    // The parser's words quote what is in the file.
  }
  throw registryError(file, 'no JSON; `docker login` or `skopeo login --authfile` writes it');
}

/** As docker and podman write them, the most particular first. */
function keysOf(registry: string, repository: string): string[] {
  const parts = [registry, ...repository.split('/')];
  const paths = parts.map((_, index) => parts.slice(0, parts.length - index).join('/'));
  const urls = [
    `https://${registry}`,
    `https://${registry}/`,
    `https://${registry}/v1/`,
    `https://${registry}/v2/`,
  ];
  return [...paths, ...urls, ...(registry === 'docker.io' ? [DOCKER_IO, 'index.docker.io'] : [])];
}

function own<T>(record: Record<string, T> | undefined, key: string): T | undefined {
  return typeof record === 'object' && record !== null && Object.hasOwn(record, key)
    ? record[key]
    : undefined;
}

function credentialsOf(
  file: string,
  key: string,
  { auth, username, password, identitytoken }: NonNullable<Config['auths']>[string],
): Credentials | null {
  if (typeof identitytoken === 'string' && identitytoken !== '') return { identityToken: identitytoken };
  if (typeof auth === 'string' && auth !== '') {
    const text = Buffer.from(auth, 'base64').toString('utf8');
    const colon = text.indexOf(':');
    if (colon === -1) throw registryError(file, `auth of ${key} is not NAME:PASSWORD in base64`);
    return { username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, '') };
  }
  return typeof username === 'string' && username !== '' && typeof password === 'string'
    ? { username, password }
    : null;
}

/** https://github.com/docker/docker-credential-helpers: the registry goes in, JSON comes out. */
async function askHelper(file: string, helper: string, registry: string): Promise<Credentials | null> {
  const program = `docker-credential-${helper}`;
  const fail = (what: string) => registryError(file, `${program} ${what}`);
  if (typeof helper !== 'string' || !/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(helper))
    throw registryError(file, 'names a credential helper that is no name of a program');
  const { execFile } = process.getBuiltinModule('node:child_process');
  const output = await new Promise<string | null>((resolve, reject) => {
    const options = { timeout: HELPER_MS, maxBuffer: HELPER_MAX, killSignal: 'SIGKILL' as const };
    const child = execFile(program, ['get'], options, (error, stdout) => {
      if (!error) return resolve(stdout);
      if (/credentials not found/i.test(stdout)) return resolve(null);
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return reject(fail('is named there and is not installed, or not in PATH'));
      reject(fail(`failed (${error.killed ? 'no answer in time' : `exit status ${code}`})`));
    });
    child.stdin?.on('error', () => {}); // it may not read
    child.stdin?.end(registry);
  });
  if (output === null) return null;
  let json: { Username?: unknown; Secret?: unknown };
  try {
    json = JSON.parse(output);
  } catch {
    throw fail('gave no JSON');
  }
  const { Username: username, Secret: secret } = json ?? {};
  if (typeof username !== 'string' || typeof secret !== 'string') throw fail('gave no name and secret');
  return username === '<token>' ? { identityToken: secret } : { username, password: secret };
}
