import {
  type Authorities,
  bundleOf,
  createKeylessSigner,
  createKeySigner,
  createTokenSigner,
  PKCS11,
  readPrivateKey,
  type Signer,
  signFile,
} from '@flexilib/signing';
import { readArguments, usageError } from '../arguments.ts';

const FULCIO = 'https://fulcio.sigstore.dev';
const LOG = 'https://rekor.sigstore.dev';

const help = `Usage: flexilib sign FILE... [--key KEY] [--log URL]

Signs each FILE and writes FILE.sigstore.json, a Sigstore bundle: \`flexilib verify\` and \`cosign verify-blob --bundle\` read
it, and a server with require_signature. FILE stays as it is.

  --key FILE.pem     a private key: ECDSA P-256, RSA or Ed25519, or cosign's own; its password in COSIGN_PASSWORD
  --key pkcs11:URI   a key in a token, by RFC 7512: pkcs11:token=T;object=KEY?module-path=FILE&pin-source=FILE
                     (or the PIN in COSIGN_PKCS11_PIN); needs OpenSC's pkcs11-tool
                     without --key: keyless, by the identity that the CI gives its job, and always with a log
  --log URL          enters the signature into this transparency log (Rekor). With a key there is none otherwise,
                     keyless it is ${LOG}
  --timestamp-server-url URL   has the signature timestamped too (RFC 3161)
  --fulcio-url URL   who certifies a keyless signer; ${FULCIO} otherwise
  --output FILE      where the bundle goes, of a single FILE

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
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  if (positionals.length === 0) throw usageError('sign', 'sign which file?');
  if (values.output !== undefined && positionals.length > 1)
    throw usageError('sign', '--output is for a single file');
  const authorities: Authorities = {
    log: values.log ?? (values.key === undefined ? LOG : null),
    timestamp: values['timestamp-server-url'] ?? null,
  };
  for (const path of positionals) {
    // A keyless certificate is valid for minutes, so each file has its own.
    const signer = await signerOf(values.key, values['fulcio-url'] ?? FULCIO);
    const output = values.output ?? bundleOf(path);
    const { logIndex } = await signFile(path, signer, authorities, output);
    const where = logIndex === null ? '' : `, entry ${logIndex} of ${authorities.log}`;
    process.stdout.write(`${path}: signed by ${signer.name}: ${output}${where}\n`);
  }
  return 0;
}

async function signerOf(key: string | undefined, fulcio: string): Promise<Signer> {
  if (key === undefined) return createKeylessSigner(fulcio, process.env);
  if (key.startsWith(PKCS11)) return createTokenSigner(key, process.env);
  return createKeySigner(await readPrivateKey(key, process.env.COSIGN_PASSWORD), key);
}
