// What others say of a signature: that a log has it, that it existed at a time.
import { createHash, randomBytes } from 'node:crypto';
import type { Evidence } from './bundle.ts';
import { ask } from './http.ts';
import { addToLog, type Entered } from './log.ts';
import type { Signer } from './signer.ts';
import { trouble } from './trouble.ts';

/** Their URLs; null: nobody is asked. */
export interface Authorities {
  log: string | null;
  timestamp: string | null;
}

/** Throws FL_SIGNATURE: a service can't be reached, or refuses. */
export async function testify(
  signed: Entered,
  signature: Buffer,
  signer: Signer,
  { log, timestamp }: Authorities,
): Promise<{ evidence: Evidence; logIndex: string | null }> {
  const stamp = timestamp === null ? null : await stampOf(timestamp, signature);
  const entry = log === null ? null : await addToLog(log, signed, signature, signer);
  return {
    evidence: {
      ...(entry && { tlogEntries: [entry] }),
      ...(stamp && { timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp: stamp }] } }),
    },
    logIndex: entry ? (entry.logIndex ?? '0') : null, // protobuf's JSON leaves out a zero
  };
}

/** DER of a TimeStampReq (RFC 3161) up to the hash: version 1, SHA-256. Its length is that of all that follows. */
const REQUEST = Buffer.from('3043020101303130 0d0609608648016503040201 0500 0420'.replace(/ /g, ''), 'hex');

/** A timestamp of the signature's bytes: a TimeStampResp, in base64. */
async function stampOf(url: string, signature: Buffer): Promise<string> {
  const nonce = randomBytes(8);
  nonce[0] = (nonce[0] & 0x7f) | 0x40; // a positive INTEGER of eight bytes
  const wantsCertificate = Buffer.from([0x01, 0x01, 0xff]);
  const hash = createHash('sha256').update(signature).digest();
  const body = Buffer.concat([REQUEST, hash, Buffer.from([0x02, nonce.length]), nonce, wantsCertificate]);
  const { status, bytes } = await ask(url, {
    body: new Uint8Array(body),
    headers: { 'content-type': 'application/timestamp-query', accept: 'application/timestamp-reply' },
  });
  if (status !== 200 && status !== 201) throw trouble(url, `answered ${status} to a request for a timestamp`);
  return bytes.toString('base64');
}
