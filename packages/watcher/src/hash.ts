import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { idOf } from './look.ts';

// Small enough that one piece holds the event loop up for a fraction of a millisecond.
const PIECE = 128 * 1024;

/**
 * Reads a file once, through one descriptor, so that what is hashed is one file whatever the path leads to meanwhile.
 * Gives the SHA-256 in lower-case hex and the file's id (see look.ts), null if it changed while it was read.
 * Throws what the system calls throw, and the signal's reason once it is aborted.
 */
export async function hashFile(
  path: string,
  signal: AbortSignal,
): Promise<{ hash: string; id: string | null }> {
  // Without O_NONBLOCK a pipe put in the file's place would block a thread of the pool for ever.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const before = idOf(await file.stat({ bigint: true }));
    const hash = createHash('sha256');
    const piece = Buffer.allocUnsafe(PIECE);
    for (;;) {
      signal.throwIfAborted();
      const { bytesRead } = await file.read(piece, 0, PIECE);
      if (bytesRead === 0) break;
      hash.update(bytesRead === PIECE ? piece : piece.subarray(0, bytesRead));
    }
    const after = idOf(await file.stat({ bigint: true }));
    return { hash: hash.digest('hex'), id: before === after ? after : null };
  } finally {
    await file.close();
  }
}
