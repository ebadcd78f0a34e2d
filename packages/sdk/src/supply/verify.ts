import { isatty } from 'node:tty';
import { FlexilibError } from '@flexilib/native';
import {
  bundleOf,
  type Identity,
  isImage,
  openImage,
  predicateTypeOf,
  printable,
  readPublicKey,
  readTrustedRoot,
  SIGNED,
  type Trust,
  type Verified,
  verifyFile,
  verifyImage,
} from '@flexilib/signing';
import { readArguments, usageError } from '../arguments.ts';
import { announced, sayError } from '../terminal.ts';
import { refuseBundles } from './sign.ts';

const STDERR = 2;

const help = `Usage: flexilib verify FILE|IMAGE... --key PUBLIC.pem
       flexilib verify FILE|IMAGE... --certificate-identity WHO --certificate-oidc-issuer URL

Verifies FILE by its bundle, FILE.sigstore.json, and says what is true then: who signed it, and which log has that. What differs
is told on standard error. Of an IMAGE (REGISTRY/NAME@sha256:..., oci:FOLDER) every part is fetched and checked as well.

  --key PUBLIC.pem                         the key that must have signed
  --certificate-identity WHO               who must have, keyless: an e-mail address, a workflow's URL
  --certificate-identity-regexp REGEXP     the same, as an expression that matches somewhere in it: write ^ and $
  --certificate-oidc-issuer URL            who must have vouched for it
  --certificate-oidc-issuer-regexp REGEXP
  --trusted-root FILE     the authorities and logs to trust, as \`cosign trusted-root create\` writes them; an entry in one of its
                          logs must be there. Otherwise: Sigstore's public instance, as of this release
  --insecure-ignore-tlog  with --key: the signature alone, whatever the bundle says of a log
  --type TYPE             the image must have a statement of this type, not a signature: cyclonedx, spdx, slsaprovenance1 or a URL
  --bundle FILE           where the bundle is, of a single FILE

Exit status: 0 all good, 1 something differs, 2 wrong usage
`;

/** `flexilib verify`. Gives the exit status. Throws FL_USAGE, FL_SIGNATURE. */
export async function verifyCommand(args: string[]): Promise<number> {
  const { values, positionals } = readArguments('verify', {
    args,
    allowPositionals: true,
    options: {
      key: { type: 'string' },
      'certificate-identity': { type: 'string' },
      'certificate-identity-regexp': { type: 'string' },
      'certificate-oidc-issuer': { type: 'string' },
      'certificate-oidc-issuer-regexp': { type: 'string' },
      'trusted-root': { type: 'string' },
      'insecure-ignore-tlog': { type: 'boolean' },
      bundle: { type: 'string' },
      type: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  if (positionals.length === 0) throw usageError('verify', 'verify which file?');
  refuseBundles('verify', positionals);
  const images = positionals.filter(isImage);
  if (values.bundle !== undefined && (positionals.length > 1 || images.length > 0))
    throw usageError('verify', '--bundle is for a single file');
  if (values.type !== undefined && images.length < positionals.length)
    throw usageError('verify', '--type is about images');
  const wantedType = values.type === undefined ? SIGNED : predicateTypeOf(values.type);
  const subject = wanted(values['certificate-identity'], values['certificate-identity-regexp']);
  const issuer = wanted(values['certificate-oidc-issuer'], values['certificate-oidc-issuer-regexp']);
  const ignoreLog = values['insecure-ignore-tlog'] ?? false;
  if ((values.key === undefined) === (subject === null && issuer === null))
    throw usageError(
      'verify',
      'signed by whom? Give --key, or --certificate-identity and --certificate-oidc-issuer',
    );
  if (values.key === undefined && ignoreLog)
    throw usageError(
      'verify',
      '--insecure-ignore-tlog is for --key: without a log nobody knows when a certificate was used',
    );
  const trust: Trust = {
    signer:
      values.key === undefined
        ? both(subject, issuer)
        : { key: await readPublicKey(values.key), name: values.key },
    root: values['trusted-root'] === undefined ? null : await readTrustedRoot(values['trusted-root']),
    ignoreLog,
  };
  let status = 0;
  for (const path of positionals) {
    try {
      if (images.includes(path)) {
        await tellImage(path, trust, wantedType);
        continue;
      }
      const verified = await verifyFile(path, trust, values.bundle ?? bundleOf(path));
      process.stdout.write(`${path}: ${said(verified)}\n`);
    } catch (error) {
      if (!(error instanceof FlexilibError)) throw error;
      sayError(error.message);
      status = 1;
    }
  }
  return status;
}

/** Throws unless one of what is attached is good, and what is wanted. */
async function tellImage(path: string, trust: Trust, type: string): Promise<void> {
  const image = await openImage(path, false);
  const work = verifyImage(image, trust);
  const { good, bad, parts, bytes } = await (isatty(STDERR)
    ? announced(`fetching and verifying ${image.name}`, work)
    : work);
  for (const why of bad) process.stderr.write(`note: ${why}\n`);
  for (const { predicateType, verified } of good) {
    const what = predicateType === SIGNED ? '' : `${printable(predicateType)}, `;
    process.stdout.write(`${image.name}: ${what}${said(verified)}\n`);
  }
  if (!good.some(({ predicateType }) => predicateType === type)) {
    const nothing = type === SIGNED ? 'no good signature' : `no good statement ${type}`;
    throw new FlexilibError(
      'FL_SIGNATURE',
      `${image.name}: ${nothing}, of ${good.length + bad.length} attached`,
    );
  }
  process.stdout.write(`${image.name}: its ${parts} parts, ${bytes} bytes, are those of its digests\n`);
}

function wanted(text: string | undefined, expression: string | undefined): string | RegExp | null {
  if (text !== undefined && expression !== undefined)
    throw usageError('verify', 'an identity is given by its text or by an expression, not by both');
  if (text !== undefined) return text;
  if (expression === undefined) return null;
  try {
    return new RegExp(expression, 'u');
  } catch (error) {
    throw usageError('verify', (error as Error).message);
  }
}

function both(subject: Identity['subject'] | null, issuer: Identity['issuer'] | null): Identity {
  if (subject !== null && issuer !== null) return { subject, issuer };
  throw usageError(
    'verify',
    'an identity is one only together with who vouches for it: --certificate-identity and --certificate-oidc-issuer',
  );
}

const said = (verified: Verified): string => printable(sentence(verified));

function sentence({ by, log }: Verified): string {
  const who = 'key' in by ? `by the key ${by.key}` : `by ${by.subject}, for whom ${by.issuer} vouched`;
  if (log === null) return `signed ${who}; no log has it`;
  if (log.checked) return `signed ${who}; entry ${log.index} of the log ${log.url}, verified`;
  return `signed ${who}; what its bundle says of a log was NOT verified`;
}
