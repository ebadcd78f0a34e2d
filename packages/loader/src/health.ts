// What the history of a library says of its builds: a fold of its entries and nothing else, so all processes that read
// the same file think alike. An entry that says what others said already changes nothing: who was first tells it.

/** A build that crashes this often within WINDOW_MS isn't called any more. */
export const STRIKES = 5;
/** And so long must it be quiet after a return to be as good as new. */
export const WINDOW_MS = 10_000;
const BACK_OFF_MS = 1000;
const BACK_OFF_MAX_MS = 60_000;

export interface Entry {
  /** Monotonic milliseconds, the same for all processes. */
  at: number;
  /** Who wrote it. */
  by: string;
  /** A call crashed; left for the build before it; taken out; tried again. */
  kind: 'crash' | 'back' | 'out' | 'again';
  /** SHA-256 of the build. */
  hash: string;
  /** Of `out`, else 0: monotonic milliseconds, and how often it was taken out by then. */
  until: number;
  count: number;
}

/** What is known of one build, as the entries that still matter. */
export interface Build {
  /** Within WINDOW_MS. */
  crashes: Entry[];
  left: Entry | null;
  out: Entry | null;
  /** Its return, once it was out. */
  again: Entry | null;
}

/** By hash; a build of which nothing bad is known isn't there. */
export type Health = ReadonlyMap<string, Build>;

export function fold(entries: Iterable<Entry>, now: number): Health {
  const builds = new Map<string, Build>();
  for (const entry of entries) {
    const build = builds.get(entry.hash) ?? { crashes: [], left: null, out: null, again: null };
    builds.set(entry.hash, build);
    forgive(build, entry.at);
    take(build, entry);
  }
  for (const [hash, build] of builds) {
    forgive(build, now);
    if (build.crashes.length === 0 && !isBad(build)) builds.delete(hash);
  }
  return builds;
}

/** Time heals. */
function forgive(build: Build, at: number): void {
  build.crashes = build.crashes.filter((crash) => crash.at > at - WINDOW_MS);
  if (build.again && at >= build.again.at + WINDOW_MS) {
    build.out = null;
    build.again = null;
  }
}

function take(build: Build, entry: Entry): void {
  const { left, out, again } = build;
  switch (entry.kind) {
    case 'crash': // those who were inside when it was decided count for nothing
      if (!left && !(out && entry.at < out.until)) build.crashes.push(entry);
      break;
    case 'back':
      if (!left) Object.assign(build, { crashes: [], left: entry, out: null, again: null });
      break;
    case 'out':
      if (entry.count > (out?.count ?? 0))
        Object.assign(build, { crashes: [], left: null, out: entry, again: null });
      break;
    case 'again':
      if (out && !again && entry.at >= out.until) build.again = entry;
  }
}

/** It was left or taken out, and hasn't made up for it. */
export function isBad(build: Build | undefined): boolean {
  return build !== undefined && (build.left !== null || build.out !== null);
}

/** Whether it is time to decide. A build on probation has one strike. */
export function isStruck({ crashes, out }: Build): boolean {
  return crashes.length >= (out ? 1 : STRIKES);
}

/** How long a build stays out when it is taken out for the count-th time. */
export function backOff(count: number): number {
  return Math.min(BACK_OFF_MS * 2 ** (count - 1), BACK_OFF_MAX_MS);
}

/** The entries that give the same health. */
export function entriesOf(health: Health): Entry[] {
  return [...health.values()].flatMap(({ crashes, left, out, again }) =>
    [left, out, again, ...crashes].filter((entry) => entry !== null),
  );
}

export function format({ at, by, kind, hash, until, count }: Entry): string {
  return `${at} ${by} ${kind} ${hash}${kind === 'out' ? ` ${until} ${count}` : ''}`;
}

const number = String.raw`(\d+(?:\.\d+)?)`;
const line = new RegExp(`^${number} (\\S+) (crash|back|out|again) ([0-9a-f]{64})(?: ${number} (\\d+))?$`);

/** The entries of a file; lines that are none are skipped. */
export function parse(text: string): Entry[] {
  return text.split('\n').flatMap((each) => {
    const match = line.exec(each);
    if (!match) return [];
    const [at, until, count] = [match[1], match[5] ?? 0, match[6] ?? 0].map(Number);
    const kind = match[3] as Entry['kind'];
    const whole = kind === 'out' ? count > 0 && until - at <= BACK_OFF_MAX_MS : match[5] === undefined;
    return whole ? [{ at, by: match[2], kind, hash: match[4], until, count }] : [];
  });
}
