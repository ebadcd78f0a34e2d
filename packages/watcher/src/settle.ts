import { setTimeout as sleep } from 'node:timers/promises';
import { hashFile } from './hash.ts';
import { failedLook, type Look, lookAt } from './look.ts';

/** What was found once it kept still. `restless`: it never did, and this is what it held when the wait ended. */
export type Settled =
  | { kind: 'bytes'; hash: string; id: string; restless: boolean }
  | { kind: 'missing'; id: string }
  | { kind: 'problem'; id: string; message: string };

export type Patience = { settle: number; maxWait: number };

// Up to this size a file is hashed a second time: writes through a memory map can leave every time stamp as it was.
const CHEAP = 4 * 1024 * 1024;

/**
 * Waits until what is at `path` has kept still for `settle` ms, looking five times in that time, and hashes it.
 * - A file that is replaced over and over (each time another inode) is whole whenever one inode could be read from
 *   end to end unchanged: after 5 * `settle` ms that is enough.
 * - One that is written in place without a pause is taken as it is after `maxWait` ms, marked restless.
 * `stirs` counts the events heard for this path; each begins the stillness anew. `heard` is the last one that the
 * answer takes account of. Rejects with the signal's reason when it is aborted, otherwise never.
 */
export async function settled(
  path: string,
  { settle, maxWait }: Patience,
  stirs: () => number,
  signal: AbortSignal,
): Promise<{ found: Settled; heard: number }> {
  const start = performance.now();
  let since = start;
  let before: Look | null = null;
  let heard = stirs();
  let replaced = false;
  let earlier: string | null = null;

  for (;;) {
    const look = await lookAt(path);
    signal.throwIfAborted();
    const now = performance.now();
    if (!before || !same(before, look) || heard !== stirs()) {
      replaced ||= before?.kind === 'file' && look.kind === 'file' && before.inode !== look.inode;
      since = now;
      heard = stirs();
      earlier = null;
    }
    before = look;

    const still = now - since >= settle;
    const hurried = replaced && now - start >= 5 * settle;
    const late = now - start >= maxWait;
    if (look.kind !== 'file') {
      if (still || late) return { found: look, heard };
    } else if (still || hurried || late || (!earlier && now - since >= settle / 2 && look.size <= CHEAP)) {
      const read = await hashFile(path, signal).catch(failedLook);
      signal.throwIfAborted();
      if ('hash' in read) {
        const whole = read.id === look.id;
        const agreed = whole && still && read.hash === (earlier ?? read.hash);
        if (agreed || (whole && hurried) || late) {
          const restless = !agreed && !(whole && hurried);
          return { found: { kind: 'bytes', hash: read.hash, id: read.id ?? '', restless }, heard };
        }
        earlier = read.hash;
        if (still) since = now;
      } else if (read.kind === 'problem' && (still || late)) {
        return { found: { ...read, id: look.id }, heard };
      }
    }
    await sleep(settle / 5, undefined, { signal, ref: false });
  }
}

function same(a: Look, b: Look): boolean {
  return a.kind === b.kind && a.id === b.id;
}
