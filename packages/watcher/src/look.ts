import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';

/** What is at a path. `id` differs whenever the file may hold other bytes; it is '' when there is no file. */
export type Look =
  | { kind: 'file'; id: string; inode: string; size: number }
  | { kind: 'missing'; id: '' }
  | { kind: 'problem'; id: ''; message: string };

/** Looks at what `path` leads to, links followed. Never throws. */
export async function lookAt(path: string): Promise<Look> {
  try {
    const stats = await stat(path, { bigint: true });
    if (!stats.isFile()) return { kind: 'problem', id: '', message: 'is not a regular file' };
    return { kind: 'file', id: idOf(stats), inode: inodeOf(stats), size: Number(stats.size) };
  } catch (error) {
    return failedLook(error);
  }
}

/** What a failed system call says about the path. */
export function failedLook(error: unknown): Exclude<Look, { kind: 'file' }> {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing', id: '' };
  return { kind: 'problem', id: '', message: `can't be read: ${message}` };
}

// The change time is in it since a writer can put the modification time back, but not this one.
export function idOf(stats: BigIntStats): string {
  return `${inodeOf(stats)}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`;
}

export function inodeOf(stats: BigIntStats): string {
  return `${stats.dev}:${stats.ino}`;
}
