// What is done about builds that crash: their crashes go into the library's history, and what it says of them then is
// carried out, by all processes alike. Who was first to write a decision tells it.
import { join } from 'node:path';
import { monotonicNow } from '@flexilib/native';
import {
  type Build,
  backOff,
  type Entry,
  type Health,
  isBad,
  isStruck,
  STRIKES,
  WINDOW_MS,
} from './health.ts';
import { createHistory, type History } from './history.ts';
import { type Kept, keyOf } from './kept.ts';

/** A build that served, and what is to be said of it. */
export interface Served {
  readonly number: number;
  readonly hash: string;
  /** Monotonic milliseconds: when it was loaded. */
  readonly since: number;
}

/** Not to be called any more. until: before which monotonic millisecond nothing is; null: go back to the build before. */
export interface Verdict {
  hash: string;
  until: number | null;
}

export interface Judge {
  health(path: string): Health;
  /** A call of the build that serves has crashed. before: the one that served before it in this process. */
  crashed(path: string, served: Served, before: Served | null): Verdict | null;
  /** Takes the build out, though it was left: there is none to go back to. Gives until when. */
  takeOut(path: string, hash: string): number;
  /** It was out and serves again. */
  returned(path: string, hash: string): void;
  /** The file's build serves: what came before it is past. */
  tookOver(path: string, hash: string): void;
  forget(path: string): void;
}

export interface JudgeOptions {
  /** Where all processes of the server look; null: there is no such place. */
  shared: string | null;
  kept: Kept;
  /** The state has changed. worse: for the worse. */
  onChange(path: string, text: string, worse: boolean): void;
  onProblem(path: string, error: Error): void;
}

export function createJudge({ shared, kept, onChange, onProblem }: JudgeOptions): Judge {
  const histories = new Map<string, History>();
  const folder = shared === null ? null : join(shared, 'health');

  function historyOf(path: string): History {
    let history = histories.get(path);
    if (!history) {
      const file = folder === null ? null : join(folder, keyOf(path));
      history = createHistory({ file, now: monotonicNow, onProblem: (error) => onProblem(path, error) });
      histories.set(path, history);
    }
    return history;
  }

  /** Writes the decision, and tells it unless someone was faster. */
  function decide(path: string, entry: [Entry['kind'], string, number?, number?], text: string): void {
    const history = historyOf(path);
    const { at, by, kind, hash } = history.add(...entry);
    const build = history.health().get(hash);
    const first = [build?.left, build?.out, build?.again].some(
      (known) => known?.at === at && known.by === by && known.kind === kind,
    );
    if (first) onChange(path, text, kind !== 'again');
  }

  function takeOut(path: string, hash: string, build: Build | undefined, why: string): void {
    const count = (build?.out?.count ?? 0) + 1;
    const text = `${why}; taken out for ${backOff(count) / 1000} s: its routes answer 503 until then, or until a new build comes`;
    decide(path, ['out', hash, Math.floor(monotonicNow() + backOff(count)), count], text);
  }

  function goBack(path: string, hash: string, before: Served | null, to: string, why: string): void {
    const name = before?.hash === to ? `generation ${before.number}` : 'the build before it';
    decide(path, ['back', hash], `${why}; back to ${name} until a new build comes`);
  }

  /** What the history says of a build that serves since then. */
  function verdictOn(hash: string, build: Build | undefined, since: number): Verdict | null {
    if (build?.left) return { hash, until: null };
    if (build?.out && since < build.out.at) return { hash, until: build.out.until };
    return null;
  }

  return {
    health: (path) => historyOf(path).health(),
    crashed(path, { number, hash, since }, before) {
      const history = historyOf(path);
      const early = verdictOn(hash, history.health().get(hash), since);
      if (early) return early; // another process decided: it counts for nothing more
      history.add('crash', hash);
      const health = history.health();
      const build = health.get(hash);
      if (build && isStruck(build)) {
        const times = build.out ? 'again' : `${STRIKES} times in ${WINDOW_MS / 1000} s`;
        const why = `generation ${number} crashed ${times}`;
        const to = kept.before(path)?.hash ?? hash;
        if (to === hash || isBad(health.get(to))) takeOut(path, hash, build, why);
        else goBack(path, hash, before, to, why);
      }
      return verdictOn(hash, history.health().get(hash), since);
    },
    takeOut(path, hash) {
      const history = historyOf(path);
      takeOut(path, hash, history.health().get(hash), 'crashed before, and the build before it is gone');
      return history.health().get(hash)?.out?.until ?? 0;
    },
    returned(path, hash) {
      const build = historyOf(path).health().get(hash);
      if (build?.out && !build.again)
        decide(path, ['again', hash], `tried again after ${backOff(build.out.count) / 1000} s`);
    },
    tookOver: (path, hash) => historyOf(path).forget(hash),
    forget(path) {
      historyOf(path).forget();
      histories.delete(path);
    },
  };
}
