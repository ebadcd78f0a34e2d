// Downloads that are named by their hash: each is fetched once a machine, and checked each time.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'flexilib/downloads');
const hash = (algorithm, bytes, encoding) => createHash(algorithm).update(bytes).digest(encoding);

/**
 * Gives the path of a file with that hash. integrity: as in package-lock.json, or as text in base 16 alone for sha256.
 * download: gives its bytes, or null when they aren't to be had; then this gives null. Throws when they are others.
 */
export async function fetchOnce(name, integrity, download) {
  const [, algorithm, expected] = /^(sha\d+)-(.+)$/.exec(integrity) ?? [null, 'sha256', integrity];
  const encoding = algorithm === 'sha256' && /^[\da-f]{64}$/.test(expected) ? 'hex' : 'base64';
  const path = join(cache, `${hash('sha256', integrity, 'hex').slice(0, 16)}-${name}`);
  if (existsSync(path)) {
    if (hash(algorithm, readFileSync(path), encoding) === expected) return path;
    rmSync(path);
  }
  const bytes = await download();
  if (!bytes) return null;
  const found = hash(algorithm, bytes, encoding);
  if (found !== expected)
    throw new Error(`${name} isn't what the lock file names: ${found}, not ${expected}`);
  mkdirSync(cache, { recursive: true });
  writeFileSync(`${path}.${process.pid}`, bytes);
  renameSync(`${path}.${process.pid}`, path);
  return path;
}

/** The bytes behind the first of the URLs that has them; null when none does. reasons: gets a line for each that hasn't. */
export async function firstOf(urls, reasons) {
  for (const url of urls) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(60_000) });
      if (response.ok) return Buffer.from(await response.arrayBuffer());
      reasons.push(`${url}: ${response.status}`);
    } catch (error) {
      reasons.push(`${url}: ${error.cause?.message ?? error.message}`);
    }
  }
  return null;
}
