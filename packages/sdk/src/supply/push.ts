import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { ElfProblem, handlerObjection, machineName, readElf } from '@flexilib/loader';
import { FlexilibError } from '@flexilib/native';
import {
  architectureOf,
  formatReference,
  openRegistry,
  type PushedLibrary,
  parseReference,
  pushExecutor,
  SIGNATURE_MAX,
  wantedOf,
} from '@flexilib/oci';
import { bundleOf, signedHash } from '@flexilib/signing';
import { readArguments, usageError } from '../arguments.ts';
import { announced } from '../terminal.ts';

const help = `Usage: flexilib push REGISTRY/NAME:TAG LIBRARY...

Pushes a library to a registry, as an image that a route of proxy.ini names: oci://REGISTRY/NAME:TAG.
Several libraries, one for each architecture, are pushed together; each machine gets its own.
A signature beside a library, LIBRARY.sigstore.json, goes with it (flexilib sign makes it).

Prints REGISTRY/NAME@sha256:..., which is the same for the same bytes.

Credentials are docker's: \`docker login REGISTRY\` stores them; DOCKER_CONFIG (a folder) or REGISTRY_AUTH_FILE
(a file) says where they are. A registry on this machine is spoken to without TLS; for another
one write oci+http://REGISTRY/NAME:TAG.

Exit status: 0 done, 1 failed, 2 wrong usage.
`;

/** `flexilib push`. Gives the exit status. Throws FL_USAGE, FL_REGISTRY, and what is against a library. */
export async function pushCommand(args: string[]): Promise<number> {
  const { values, positionals } = readArguments('push', {
    args,
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const [name, ...files] = positionals;
  if (name === undefined || files.length === 0) throw usageError('push', 'push which library, and where to?');
  const reference = parseReference(name);
  if (reference.digest !== undefined)
    throw usageError('push', `${name}: the digest follows from the library; give a tag`);
  const libraries: PushedLibrary[] = [];
  for (const file of files) libraries.push(await readLibrary(file));
  const store = openRegistry(reference, { push: true });
  const what = libraries.map(({ name, architecture }) => `${name} (linux/${architecture})`).join(', ');
  const { digest } = await announced(
    `pushing ${what} to ${formatReference(reference)}`,
    pushExecutor(store, wantedOf(reference), libraries),
  );
  process.stdout.write(`${store.name}@${digest}\n`);
  return 0;
}

/** With its signature, if there is one. Refuses what no server would load. */
async function readLibrary(path: string): Promise<PushedLibrary> {
  const wrong = (what: string) => new FlexilibError('FL_LIBRARY_FORMAT', `${path}: ${what}`, { path });
  const file = await openFile(path);
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw wrong('is no file');
    const facts = await readElf(file, stats.size);
    if (!facts.exports.has('handle_request'))
      throw new FlexilibError('FL_LIBRARY_SYMBOL', `${path}: ${handlerObjection(facts)}`, { path });
    const bytes = await buffer(createReadStream('', { fd: file, start: 0, autoClose: false }));
    const architecture = architectureOf(bytes);
    if (architecture === null)
      throw wrong(`is for ${machineName(facts.machine)}, for which images have no name`);
    return { name: basename(path), architecture, bytes, signature: await readSignature(path, bytes) };
  } catch (error) {
    throw error instanceof ElfProblem ? wrong(error.message) : error;
  } finally {
    await file.close();
  }
}

function openFile(path: string) {
  // A named pipe would keep us waiting.
  return open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' ? 'there is no such file' : cause.message;
    throw new FlexilibError('FL_LIBRARY_MISSING', `${path}: ${why}`, { path, cause });
  });
}

/** Of these bytes: one of the build before would be refused by servers only. */
async function readSignature(library: string, content: Buffer): Promise<Buffer | null> {
  const path = bundleOf(library);
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return null;
    throw new FlexilibError('FL_SIGNATURE', `${path}: ${cause.message}`, { path, cause });
  });
  if (bytes && bytes.length > SIGNATURE_MAX)
    throw new FlexilibError('FL_SIGNATURE', `${path}: is larger than a signature is`, { path });
  if (bytes && signedHash(bytes.toString(), path) !== createHash('sha256').update(content).digest('hex'))
    throw new FlexilibError(
      'FL_SIGNATURE',
      `${path}: is of another build of ${library}; sign it again (flexilib sign ${library}), or remove the signature`,
      { path },
    );
  return bytes;
}
