import {
  type Authorities,
  BUNDLE_SUFFIX,
  bundleOf,
  createKeylessSigner,
  createKeySigner,
  createTokenSigner,
  isImage,
  openImage,
  PKCS11,
  type Predicate,
  predicateTypeOf,
  predicateTypes,
  readPredicate,
  readPrivateKey,
  type Signer,
  signFile,
  signImage,
} from '@flexilib/signing';
import { readArguments, usageError } from '../arguments.ts';

const FULCIO = 'https://fulcio.sigstore.dev';
const LOG = 'https://rekor.sigstore.dev';

const help = `Usage: flexilib sign FILE|IMAGE... [--key KEY] [--log URL]
       flexilib sign IMAGE --attest FILE --type TYPE [--key KEY] [--log URL]

Signs each FILE and writes FILE.sigstore.json, a Sigstore bundle: \`flexilib verify\` and \`cosign verify-blob --bundle\` read
it, and a server with require_signature. FILE stays as it is. IMAGE is REGISTRY/NAME@sha256:..., oci:FOLDER or
oci:FOLDER@sha256:...; its signature is attached to it where it is, as \`cosign sign\` does, for \`cosign verify\` too.

  --key FILE.pem     a private key: ECDSA P-256, RSA or Ed25519, or cosign's own; its password in COSIGN_PASSWORD
  --key pkcs11:URI   a key in a token, by RFC 7512: pkcs11:token=T;object=KEY?module-path=FILE&pin-source=FILE
                     (or the PIN in COSIGN_PKCS11_PIN); needs OpenSC's pkcs11-tool
                     without --key: keyless, by the identity that the CI gives its job, and always with a log
  --log URL          enters the signature into this transparency log (Rekor). With a key there is none otherwise,
                     keyless it is ${LOG}
  --timestamp-server-url URL   has the signature timestamped too (RFC 3161)
  --fulcio-url URL   who certifies a keyless signer; ${FULCIO} otherwise
  --output FILE      where the bundle goes, of a single FILE
  --attest FILE      attaches a statement about the image instead, of this JSON: an SBOM, a provenance
  --type TYPE        what it is: cyclonedx, spdx, slsaprovenance1, or a predicate's URL

docs/signing.md has keys, tokens, CI, and what a signature proves.
`;

/** `flexilib sign`. Gives the exit status. Throws FL_USAGE, FL_SIGNATURE. */
export async function signCommand(args: string[]): Promise<number> {
  const { values, positionals } = readArguments('sign', {
    args,
    allowPositionals: true,
    options: {
      key: { type: 'string' },
      log: { type: 'string' },
      'timestamp-server-url': { type: 'string' },
      'fulcio-url': { type: 'string' },
      output: { type: 'string' },
      attest: { type: 'string' },
      type: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  if (positionals.length === 0) throw usageError('sign', 'sign which file?');
  refuseBundles('sign', positionals);
  for (const name of ['log', 'timestamp-server-url', 'fulcio-url'] as const) {
    const url = values[name];
    if (url !== undefined && !(/^https?:\/\/./.test(url) && URL.canParse(url)))
      throw usageError('sign', `--${name} ${url} is no address, such as ${LOG}`);
  }
  const images = positionals.filter(isImage);
  if (values.output !== undefined && (positionals.length > 1 || images.length > 0))
    throw usageError('sign', '--output is for a single file');
  if ((values.attest === undefined) !== (values.type === undefined))
    throw usageError('sign', '--attest and --type belong together');
  if (values.attest !== undefined && images.length < positionals.length)
    throw usageError('sign', '--attest is about images');
  const said = values.attest === undefined ? null : await predicateOf(values.attest, values.type ?? '');
  const authorities: Authorities = {
    log: values.log ?? (values.key === undefined ? LOG : null),
    timestamp: values['timestamp-server-url'] ?? null,
  };
  const entry = (index: string | null) => (index === null ? '' : `, entry ${index} of ${authorities.log}`);
  for (const path of positionals) {
    // A keyless certificate is valid for minutes, so each file has its own.
    const signer = await signerOf(values.key, values['fulcio-url'] ?? FULCIO);
    if (images.includes(path)) {
      const image = await openImage(path, true);
      const { logIndex, digest } = await signImage(image, said, signer, authorities);
      const what = said ? `${said.predicateType} attested` : 'signed';
      process.stdout.write(`${image.name}: ${what} by ${signer.name}: ${digest}${entry(logIndex)}\n`);
      continue;
    }
    const output = values.output ?? bundleOf(path);
    const { logIndex } = await signFile(path, signer, authorities, output);
    process.stdout.write(`${path}: signed by ${signer.name}: ${output}${entry(logIndex)}\n`);
  }
  return 0;
}

/** `flexilib sign dist/*` a second time, or the wrong one of the two. Throws FL_USAGE. */
export function refuseBundles(verb: string, paths: readonly string[]): void {
  const bundle = paths.find((path) => path.endsWith(BUNDLE_SUFFIX));
  if (bundle !== undefined) throw usageError(verb, `${bundle} is a signature: name the file that it is of`);
}

async function predicateOf(file: string, type: string): Promise<Predicate> {
  const predicateType = predicateTypeOf(type);
  if (!URL.canParse(predicateType))
    throw usageError('sign', `--type is ${Object.keys(predicateTypes).join(', ')} or a URL`);
  return { predicateType, predicate: await readPredicate(file) };
}

async function signerOf(key: string | undefined, fulcio: string): Promise<Signer> {
  if (key === undefined) return createKeylessSigner(fulcio, process.env);
  if (key.startsWith(PKCS11)) return createTokenSigner(key, process.env);
  return createKeySigner(await readPrivateKey(key, process.env.COSIGN_PASSWORD), key);
}
