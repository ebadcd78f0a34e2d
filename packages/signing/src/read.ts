// Files are read from one descriptor, once: what is hashed, what is signed and what is verified are the same bytes.
import { constants, createHash, createVerify, type KeyObject, verify } from 'node:crypto';
import { constants as flags } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { KeyKind } from './keys.ts';
import { messageOf, trouble } from './trouble.ts';

const PIECE = 256 << 10;
/** Ed25519 signs the message and not its hash, so node:crypto wants all of it at once. */
const WHOLE = 512 << 20;

/** What a signature is over, read once. */
export interface Content {
  readonly sha256: Buffer;
  /** Bytes. */
  readonly size: number;
  isSignedBy(key: KeyObject, signature: Buffer): boolean;
}

/** Takes the content piece by piece. */
export interface Sink {
  update(piece: Buffer): void;
}

export interface Reader extends Sink {
  content(): Content;
}

/** Takes what a key of this kind has signed. Throws FL_SIGNATURE (update). */
export function createReader(name: string, kind: KeyKind): Reader {
  const hash = createHash('sha256');
  const streamed = kind === 'ed25519' ? null : createVerify('sha256');
  const pieces: Buffer[] = [];
  let size = 0;
  return {
    update(piece) {
      size += piece.length;
      hash.update(piece);
      streamed?.update(piece);
      if (streamed) return;
      if (size > WHOLE)
        throw trouble(name, 'is over 512 MiB: too large for an Ed25519 key; sign it with ECDSA');
      pieces.push(Buffer.from(piece));
    },
    content() {
      let good: boolean | null = null; // a Verify can be asked once
      return {
        sha256: hash.digest(),
        size,
        isSignedBy(key, signature) {
          const padded = kind === 'rsa' ? { key, padding: constants.RSA_PKCS1_PADDING } : key;
          good ??= streamed
            ? streamed.verify(padded, signature)
            : verify(null, Buffer.concat(pieces), key, signature);
          return good;
        },
      };
    },
  };
}

/** Throws FL_SIGNATURE; name: what to call it. */
export async function readInto(path: string, sinks: readonly Sink[], name: string = path): Promise<void> {
  const file = await openFile(path, name);
  try {
    const piece = Buffer.allocUnsafeSlow(PIECE);
    for (let offset = 0; ; ) {
      const { bytesRead } = await file.read(piece, 0, PIECE, offset);
      if (bytesRead === 0) return;
      for (const sink of sinks) sink.update(piece.subarray(0, bytesRead));
      offset += bytesRead;
    }
  } finally {
    await file.close();
  }
}

/** The text of a small file, or null if there is none. Throws FL_SIGNATURE: larger than limit bytes, not readable. */
export async function readSmall(path: string, limit: number): Promise<string | null> {
  const file = await openFile(path, path).catch((error) => {
    if (error.cause?.code === 'ENOENT') return null;
    throw error;
  });
  if (file === null) return null;
  try {
    const { size } = await file.stat();
    if (size > limit) throw trouble(path, `is over ${limit} bytes: not what it should be`);
    const bytes = Buffer.alloc(size + 1);
    let end = 0;
    for (let read = -1; read !== 0 && end <= size; end += read)
      read = (await file.read(bytes, end, size + 1 - end, end)).bytesRead;
    if (end !== size) throw trouble(path, 'changes while it is read');
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(0, size));
  } catch (error) {
    if (error instanceof TypeError) throw trouble(path, 'is no text', error);
    throw error;
  } finally {
    await file.close();
  }
}

/** O_NONBLOCK: a FIFO would be waited for. */
async function openFile(path: string, name: string): Promise<FileHandle> {
  let file: FileHandle;
  try {
    file = await open(path, flags.O_RDONLY | flags.O_NONBLOCK);
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw trouble(name, isMissing ? 'there is no such file' : `can't be read: ${messageOf(error)}`, error);
  }
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw trouble(name, 'is no file');
}
