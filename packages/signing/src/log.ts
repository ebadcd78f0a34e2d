// Rekor, Sigstore's transparency log: version 2, and version 1 for a server that doesn't know the other.
import { X509Certificate } from 'node:crypto';
import { askJson, StatusError } from './http.ts';
import { detailsOf, kindOf } from './keys.ts';
import { type Signer, verifierOf } from './signer.ts';
import { trouble } from './trouble.ts';

/** What is signed: a file, or an envelope with a statement. */
export interface Entered {
  /** SHA-256 of the bytes that the signature is over. */
  digest: Buffer;
  envelope?: { payload: string; payloadType: string; signatures: { sig: string }[] };
}

/** An entry, as a bundle has it. */
export interface LogEntry {
  logIndex?: string;
}

/** Throws FL_SIGNATURE. */
export async function addToLog(
  url: string,
  entered: Entered,
  signature: Buffer,
  signer: Signer,
): Promise<LogEntry> {
  const base = url.replace(/\/+$/, '');
  const kind = kindOf(signer.publicKey, signer.name);
  if (kind === 'ed25519')
    throw trouble(
      signer.name,
      'is an Ed25519 key: a log gets the hash of what is signed, and such a key signs no hash; use ECDSA P-256',
    );
  try {
    return await askJson(`${base}/api/v2/log/entries`, requestV2(entered, signature, signer)).catch(
      (error) => {
        if (!(error instanceof StatusError && error.status === 404)) throw error;
        return addToV1(base, entered, signature, signer);
      },
    );
  } catch (error) {
    if (error instanceof StatusError) throw trouble(error.url, error.message, error);
    throw error;
  }
}

function requestV2(entered: Entered, signature: Buffer, signer: Signer): object {
  const rawBytes = verifierOf(signer).toString('base64');
  const keyDetails = detailsOf(signer.publicKey, kindOf(signer.publicKey, signer.name));
  const verifier = {
    ...(signer.certificate ? { x509Certificate: { rawBytes } } : { publicKey: { rawBytes } }),
    keyDetails,
  };
  return {
    hashedRekordRequestV002: {
      digest: entered.digest.toString('base64'),
      signature: { content: signature.toString('base64'), verifier },
    },
  };
}

async function addToV1(base: string, entered: Entered, signature: Buffer, signer: Signer): Promise<LogEntry> {
  const pem = signer.certificate
    ? new X509Certificate(signer.certificate).toString()
    : signer.publicKey.export({ type: 'spki', format: 'pem' });
  const content = Buffer.from(pem).toString('base64');
  const proposed = entered.envelope
    ? {
        kind: 'dsse',
        spec: { proposedContent: { envelope: JSON.stringify(entered.envelope), verifiers: [content] } },
      }
    : {
        kind: 'hashedrekord',
        spec: {
          data: { hash: { algorithm: 'sha256', value: entered.digest.toString('hex') } },
          signature: { content: signature.toString('base64'), publicKey: { content } },
        },
      };
  const url = `${base}/api/v1/log/entries`;
  const answer = await askJson(url, { apiVersion: '0.0.1', ...proposed });
  const entry = Object.values(answer)[0] as EntryV1 | undefined;
  if (!entry?.verification?.inclusionProof) throw trouble(url, 'answered with an entry that has no proof');
  return toBundleEntry(entry, proposed.kind);
}

interface EntryV1 {
  body: string;
  integratedTime: number;
  logID: string;
  logIndex: number;
  verification: {
    signedEntryTimestamp: string;
    inclusionProof: {
      checkpoint: string;
      hashes: string[];
      logIndex: number;
      rootHash: string;
      treeSize: number;
    };
  };
}

const base64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');

function toBundleEntry({ verification, ...entry }: EntryV1, kind: string): LogEntry & object {
  const { inclusionProof: proof } = verification;
  return {
    logIndex: `${entry.logIndex}`,
    logId: { keyId: base64(entry.logID) },
    kindVersion: { kind, version: '0.0.1' },
    integratedTime: `${entry.integratedTime}`,
    inclusionPromise: { signedEntryTimestamp: verification.signedEntryTimestamp },
    inclusionProof: {
      logIndex: `${proof.logIndex}`,
      rootHash: base64(proof.rootHash),
      treeSize: `${proof.treeSize}`,
      hashes: proof.hashes.map(base64),
      checkpoint: { envelope: proof.checkpoint },
    },
    canonicalizedBody: entry.body,
  } as LogEntry & object;
}
