import { createHash } from 'node:crypto';
import { access, constants, open, readFile } from 'node:fs/promises';
import {
  type ElfFacts,
  ElfProblem,
  objection,
  readElf,
  requireSignature,
  type Verify,
} from '@flexilib/loader';
import { FlexilibError } from '@flexilib/native';
import type { Log } from './log.ts';
import { imagesOf, librariesOf, readSettings, type Settings } from './settings.ts';
import { keyDoubt, verifierFor } from './signed.ts';

/** `flexilib check`: tells everything that is wrong; gives the exit status. A library that isn't built yet is no error. */
export async function check(file: string, log: Log): Promise<number> {
  try {
    const settings = await readSettings(file);
    const { routes, server, warnings } = settings;
    for (const warning of warnings) log.warn(warning);
    const unusable = await keyDoubt(server.require_signature);
    if (unusable) log.warn(unusable); // once, and not of each library
    const verify = unusable ? null : await verifierFor(settings, false, log);
    const images = imagesOf(routes); // a file is checked where it is, a registry isn't asked
    for (const library of librariesOf(routes)) {
      if (images.has(library)) continue;
      const doubt = await doubtAbout(library, verify);
      if (doubt) log.warn(doubt);
    }
    const { urls, files } = upstreamsOf(routes);
    for (const file of files) {
      const doubt = await access(file, constants.R_OK).then(
        () => null,
        (error: Error) => explain(file, error),
      );
      if (doubt) log.warn(doubt);
    }
    await log.flush();
    const counts = [count(routes.length, 'route'), ...(urls.size > 0 ? [count(urls.size, 'upstream')] : [])];
    process.stdout.write(`${file}: ok, ${counts.join(', ')}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof FlexilibError) || error.code !== 'FL_CONFIG') throw error;
    const errors = error.message.split('\n');
    for (const line of errors) log.error(line);
    log.info(`${file}: ${count(errors.length, 'error')}`);
    return 1;
  }
}

export function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}

/** What would keep a library from being loaded, as far as its file tells; none of its code runs. */
async function doubtAbout(path: string, verify: Verify | null): Promise<string | null> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK); // a FIFO would be waited for
    const stats = await file.stat();
    if (!stats.isFile()) return `${path}: is no file`;
    const facts = await readElf(file, stats.size);
    return objection(path, facts)?.message ?? (await signatureDoubt(path, facts, verify));
  } catch (error) {
    if (error instanceof ElfProblem) return `${path}: ${error.message}`;
    return explain(path, error as Error);
  }
}

async function signatureDoubt(path: string, facts: ElfFacts, verify: Verify | null): Promise<string | null> {
  if (!verify) return null;
  const hash = createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
  return requireSignature(verify, path, path, hash, facts, null).then(
    () => null,
    (error: Error) => error.message,
  );
}

function explain(path: string, error: NodeJS.ErrnoException): string {
  return error.code === 'ENOENT' ? `${path}: there is no such file yet` : `${path}: ${error.message}`;
}

/** Upstreams that are named, mirrors included, and the files that TLS with them needs. */
function upstreamsOf(routes: Settings['routes']): { urls: Set<string>; files: Set<string> } {
  const urls = new Set<string>();
  const files = new Set<string>();
  for (const { destination, canary } of routes) {
    for (const to of [destination, canary?.destination]) {
      if (to?.kind !== 'upstream') continue;
      const { mirror, tls_ca, tls_certificate, tls_key } = to.spec.options;
      for (const { url } of [...to.spec.targets, ...(mirror ? [mirror] : [])]) urls.add(url);
      for (const file of [tls_ca, tls_certificate, tls_key]) if (file !== undefined) files.add(file);
    }
  }
  return { urls, files };
}
