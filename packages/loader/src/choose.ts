// Which build of a library is to serve: the file's, unless its history is against it; then the one kept from before.
import { monotonicNow } from '@flexilib/native';
import { type Build, isBad } from './health.ts';
import type { Judge, Verdict } from './judge.ts';
import type { Kept } from './kept.ts';
import type { StagedLibrary } from './stage.ts';

export interface ChooseOptions {
  judge: Judge;
  kept: Kept;
  /** A private copy of the library's bytes, or of those at `source`. */
  stage(path: string, source?: string): Promise<StagedLibrary>;
  /** Throws unless it may be loaded. kept: the signature that an earlier build was kept with; null: that beside the file. */
  verify(path: string, staged: StagedLibrary, kept: string | null): Promise<void>;
  /** The file holds these bytes, and what to do about them is known. */
  onSeen(path: string, hash: string): void;
}

/** A copy to load, and whether it is an earlier build than the file's. */
export interface Choice {
  staged: StagedLibrary;
  older: boolean;
}

/**
 * served: the build that serves. null: that one is right; a verdict: none is to be called. The file's bytes are told
 * once they are loaded, by who loads them. Throws as stage and verify do.
 */
export async function choose(
  path: string,
  served: { hash: string; older: boolean } | null,
  { judge, kept, stage, verify, onSeen }: ChooseOptions,
): Promise<Choice | Verdict | null> {
  const staged = await stage(path);
  const { hash } = staged;
  const health = judge.health(path);
  const build = health.get(hash);
  if (!build?.left && !isOut(build) && served?.hash !== hash) {
    try {
      await verify(path, staged, null);
      return { staged, older: false };
    } catch (error) {
      await staged.remove();
      throw error;
    }
  }
  try {
    onSeen(path, hash);
    if (build?.left) return await before();
    if (isOut(build)) return { hash, until: build.out.until };
    if (served?.older) await takeOver(path, staged, judge, kept); // the file is that build's again
    return null;
  } finally {
    await staged.remove();
  }

  /** Whoever was trusted when it was loaded need not be any more: another process, perhaps with another key, goes back to it. */
  async function isVerified(older: StagedLibrary, signature: string): Promise<boolean> {
    return verify(path, older, signature).then(
      () => true,
      () => false,
    );
  }

  async function before(): Promise<Choice | Verdict | null> {
    const to = kept.before(path);
    const known = to === null ? undefined : health.get(to.hash);
    // Neither is fit: whichever serves is named.
    if (to && isOut(known)) return { hash: served?.hash === hash ? hash : to.hash, until: known.out.until };
    if (to && to.hash === served?.hash) return null;
    const older = to && (await stage(path, to.file).catch(() => null));
    const isFit = older && older.hash === to.hash && (await isVerified(older, to.signature ?? ''));
    if (isFit) return { staged: older, older: true };
    await older?.remove();
    return { hash, until: judge.takeOut(path, hash) };
  }
}

/** The file's build serves from here on. */
export async function takeOver(path: string, staged: StagedLibrary, judge: Judge, kept: Kept): Promise<void> {
  const health = judge.health(path);
  await kept.serves(path, staged, (other) => isBad(health.get(other)));
  judge.tookOver(path, staged.hash);
}

function isOut(build: Build | undefined): build is Build & { out: NonNullable<Build['out']> } {
  return build?.out != null && build.out.until > monotonicNow();
}
