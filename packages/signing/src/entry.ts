// What @sigstore/verify leaves open of a log's entry. It checks that the entry is in the log and belongs to the signature;
// here every other field must say the same as what is checked, so that nothing in a bundle can be altered unnoticed.
import type { TransparencyLogEntry } from '@sigstore/bundle';
import type { TransparencyLogInstance, TrustedRoot } from '@sigstore/protobuf-specs';

/** Of a checkpoint: a note, and one signature a line (C2SP tlog-checkpoint and signed-note). */
const CHECKPOINT = /^([^\n]+)\n(\d+)\n([^\n]+)\n(?:[^\n]+\n)*\n((?:\u2014 \S+ \S+\n)+)$/;
const HINT_BYTES = 4;

/** The log of the root that the entry claims to be in. Throws what is wrong. */
export function logOf(entry: TransparencyLogEntry, root: TrustedRoot): TransparencyLogInstance {
  const id = entry.logId.keyId;
  const log = root.tlogs.find(({ logId, checkpointKeyId }) =>
    [logId?.keyId, checkpointKeyId?.keyId].some((known) => known?.equals(id)),
  );
  if (log) return log;
  throw new Error(`its entry is in a log that the trusted root doesn't have (id ${id.toString('base64')})`);
}

/** verifier: DER of who signed, certificate or key. Throws what is wrong. */
export function checkEntry(entry: TransparencyLogEntry, verifier: Buffer): void {
  const { inclusionProof: proof, inclusionPromise: promise } = entry;
  if (!proof?.checkpoint) throw new Error('its entry has no proof that it is in the log');
  // A promise signs the index in all of a log's parts, and the time.
  if (!promise && entry.logIndex !== proof.logIndex)
    throw new Error("the log's index differs from its proof's");
  if (!promise && entry.integratedTime && entry.integratedTime !== '0')
    throw new Error('the log has signed no time, but the entry has one');
  const [, origin, size, hash, signatures] = CHECKPOINT.exec(proof.checkpoint.envelope) ?? [];
  if (!signatures) throw new Error("the log's checkpoint has another form than it should");
  if (size !== proof.treeSize) throw new Error("the proof's tree size differs from the checkpoint's");
  if (hash !== proof.rootHash.toString('base64'))
    throw new Error("the proof's root hash differs from the checkpoint's");
  const own = signatures.split('\n').filter((line) => isOf(line, entry.logId.keyId));
  if (own.length !== 1) throw new Error(`the checkpoint has ${own.length || 'no'} signatures by the log`);
  const name = own[0].split(' ')[1];
  if (origin !== name && !origin.startsWith(`${name} - `))
    throw new Error("the checkpoint's signature has another name than its log");
  if (!verifierIn(entry).equals(verifier))
    throw new Error("the log's entry names another key or certificate");
}

function isOf(line: string, logId: Buffer): boolean {
  const text = line.split(' ')[2] ?? '';
  const bytes = Buffer.from(text, 'base64');
  return (
    bytes.toString('base64') === text && bytes.subarray(0, HINT_BYTES).equals(logId.subarray(0, HINT_BYTES))
  );
}

/** DER of the key or certificate in what the log has kept. Throws if there is none. */
function verifierIn({ canonicalizedBody, kindVersion }: TransparencyLogEntry): Buffer {
  const { spec } = JSON.parse(canonicalizedBody.toString());
  const kind = `${kindVersion.kind} ${kindVersion.version}`;
  if (kind === 'hashedrekord 0.0.2') {
    const { data, signature } = spec.hashedRekordV002;
    if (data.algorithm !== 'SHA2_256') throw new Error(`the log's digest is ${data.algorithm}, not SHA2_256`);
    return rawOf(signature.verifier);
  }
  if (kind === 'dsse 0.0.2') return rawOf(spec.dsseV002.signatures[0].verifier);
  if (kind === 'hashedrekord 0.0.1') return derOfPem(spec.signature.publicKey.content);
  if (kind === 'dsse 0.0.1') return derOfPem(spec.signatures[0].verifier);
  throw new Error(`the log's entry is of a kind that isn't known here: ${kind}`);
}

const rawOf = (verifier: {
  publicKey?: { rawBytes: string };
  x509Certificate?: { rawBytes: string };
}): Buffer => Buffer.from((verifier.x509Certificate ?? verifier.publicKey)?.rawBytes ?? '', 'base64');

const derOfPem = (content: string): Buffer =>
  Buffer.from(
    Buffer.from(content, 'base64')
      .toString()
      .replace(/-----[^-]+-----/g, ''),
    'base64',
  );
