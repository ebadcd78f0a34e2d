// A key in a token (HSM, smart card), named by a PKCS #11 URI (RFC 7512). OpenSC's pkcs11-tool talks to the token's module: an addon
// for Node would have to be built for each machine, and would bring a module that crashes into this process.
import { spawn } from 'node:child_process';
import { createPublicKey, type KeyObject } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { kindOf } from './keys.ts';
import { readSmall } from './read.ts';
import { createDigestSigner, type Signer } from './signer.ts';
import { messageOf, trouble } from './trouble.ts';

export const PKCS11 = 'pkcs11:';
/** What messages are about, without its PIN. */
const WHERE = 'the URI of the token';

/** DER of a DigestInfo with a SHA-256 (RFC 8017, 9.2), up to the hash: what an RSA key pads and signs. */
const DIGEST_INFO = Buffer.from('3031300d060960864801650304020105000420', 'hex');
const PIN_BYTES = 256;

export interface TokenKey {
  module: string;
  /** pkcs11-tool's arguments that say which token. */
  token: string[];
  label: string | null;
  /** Hex. */
  id: string | null;
  /** A file. */
  pinSource: string | null;
}

/** The module may come from the environment, as cosign's does. Throws FL_SIGNATURE. */
export function parsePkcs11(uri: string, env: NodeJS.ProcessEnv): TokenKey {
  const [path, query = ''] = uri.slice(PKCS11.length).split('?');
  const attributes = new Map<string, string>();
  for (const part of [...path.split(';'), ...query.split('&')]) {
    if (part === '') continue;
    const at = part.indexOf('=');
    const name = part.slice(0, at);
    if (at < 1 || attributes.has(name))
      throw trouble(WHERE, `${name || part} is no attribute, or is there twice`);
    attributes.set(name, part.slice(at + 1));
  }
  const take = (name: string): string | null => {
    const value = attributes.get(name) ?? null;
    attributes.delete(name);
    if (value === null || name === 'id') return value;
    try {
      return decodeURIComponent(value);
    } catch {
      throw trouble(WHERE, `${name} isn't percent-encoded as it should be`);
    }
  };
  if (attributes.has('pin-value'))
    throw trouble(
      WHERE,
      'a PIN in a command line can be read by all: give it in COSIGN_PKCS11_PIN or by pin-source=FILE',
    );
  const module = take('module-path') ?? env.COSIGN_PKCS11_MODULE_PATH;
  if (!module)
    throw trouble(WHERE, 'which module? Give module-path=FILE in the URI, or COSIGN_PKCS11_MODULE_PATH');
  const token: string[] = [];
  const [name, slot, label, id, pinSource] = ['token', 'slot-id', 'object', 'id', 'pin-source'].map(take);
  if (name !== null) token.push('--token-label', name);
  if (slot !== null) token.push('--slot', slot);
  if (label === null && id === null) throw trouble(WHERE, 'which key? Give object=LABEL or id=%01');
  attributes.delete('type');
  const [unknown] = attributes.keys();
  if (unknown)
    throw trouble(
      WHERE,
      `${unknown} isn't known here; token, slot-id, object, id, module-path, pin-source are`,
    );
  const file =
    pinSource?.startsWith('file:') && !pinSource.startsWith('file://')
      ? pinSource.slice('file:'.length)
      : pinSource;
  return {
    module,
    token,
    label,
    id: id === null ? null : hexOf(id),
    pinSource: file?.startsWith('file://') ? fileURLToPath(file) : file || null,
  };
}

/** %01a is two bytes: 01 and that of «a». */
function hexOf(id: string): string {
  const bytes = id.replace(
    /%([0-9a-f]{2})|(.)/gis,
    (_, hex?: string, plain?: string) => hex ?? Buffer.from(plain ?? '').toString('hex'),
  );
  return bytes.toLowerCase();
}

/** Throws FL_SIGNATURE. */
export async function createTokenSigner(uri: string, env: NodeJS.ProcessEnv): Promise<Signer> {
  const { module, token, pinSource, ...wanted } = parsePkcs11(uri, env);
  const pin = pinSource === null ? env.COSIGN_PKCS11_PIN : (await readSmall(pinSource, PIN_BYTES))?.trimEnd();
  if (pin === undefined)
    throw trouble(
      uri,
      pinSource
        ? `there is no ${pinSource}`
        : "the token's PIN is missing: give it in COSIGN_PKCS11_PIN or by pin-source=FILE",
    );
  const tool = (args: string[], input: Buffer | null) =>
    run(
      uri,
      ['--module', module, ...token, '--login', '--pin', 'env:FLEXILIB_PIN', ...args],
      { ...env, FLEXILIB_PIN: pin },
      input,
    );

  const listed = (await tool(['--list-objects', '--type', 'privkey'], null)).toString();
  const key = ['--id', idIn(uri, listed, wanted)];
  let publicKey: KeyObject;
  try {
    publicKey = createPublicKey({
      key: await tool(['--read-object', '--type', 'pubkey', ...key], null),
      format: 'der',
      type: 'spki',
    });
  } catch (error) {
    if (error instanceof Error && error.name === 'FlexilibError') throw error;
    throw trouble(uri, `the token's public key can't be read: ${messageOf(error)}`, error);
  }
  const kind = kindOf(publicKey, uri);
  if (kind === 'ed25519')
    throw trouble(uri, 'is an Ed25519 key: few tokens sign with one; use ECDSA P-256 or RSA');
  return createDigestSigner(publicKey, uri, (digest) =>
    kind === 'ecdsa'
      ? tool(['--sign', ...key, '--mechanism', 'ECDSA', '--signature-format', 'openssl'], digest)
      : tool(['--sign', ...key, '--mechanism', 'RSA-PKCS'], Buffer.concat([DIGEST_INFO, digest])),
  );
}

/** pkcs11-tool signs with the first key, whatever label it is given (seen in 0.23): keys are named by their ids. */
function idIn(uri: string, listed: string, wanted: { label: string | null; id: string | null }): string {
  const ids = listed
    .split(/^Private Key Object/m)
    .slice(1)
    .map((text) => ({
      label: /^ *label: *(.*)$/m.exec(text)?.[1] ?? '',
      id: /^ *ID: *([0-9a-f]+)/m.exec(text)?.[1] ?? '',
    }))
    .filter(({ label, id }) => (wanted.label ?? label) === label && (wanted.id ?? id) === id)
    .map(({ id }) => id);
  if (ids.length !== 1 || !ids[0])
    throw trouble(
      uri,
      ids.length > 1
        ? `${ids.length} keys of the token are so`
        : 'the token has no such private key with an id',
    );
  return ids[0];
}

function run(uri: string, args: string[], env: NodeJS.ProcessEnv, input: Buffer | null): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn('pkcs11-tool', args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    let said = '';
    child.stdout.on('data', (piece: Buffer) => out.push(piece));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-1000);
    });
    child.stdin.on('error', () => {}); // it ends without reading: its status says so
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        trouble(
          uri,
          error.code === 'ENOENT' ? 'needs pkcs11-tool, of the package opensc' : error.message,
          error,
        ),
      ),
    );
    child.once('close', (status) => {
      if (status === 0 && out.length > 0) resolve(Buffer.concat(out));
      else reject(trouble(uri, `pkcs11-tool failed (${status}): ${said.trim().replace(/\s*\n\s*/g, '; ')}`));
    });
    child.stdin.end(input ?? '');
  });
}
