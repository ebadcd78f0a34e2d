/**
 * Patterns that stop the server's loop: a repetition of repetitions, `(a+)+`, tries each way to part its text among the
 * two before it fails, twice as many with each character more. Not all such patterns are found: `(a|a)+` isn't.
 */

/** The parts of a pattern with the flag u, which is in order. */
const token =
  /\\(?:[pPu]\{[^}]*\}|u[\da-f]{4}|x[\da-f]{2}|c[a-z]|k<[^>]*>|\d+|.)|\[(?:\\.|[^\]\\])*\]|\((?:\?(?:<?[=!]|<[^>]*>|[a-z-]*:))?|(?:[*+?]|\{\d+(?:,\d*)?\})\??|./gisu;

/** With so many turns a long path takes seconds; with two the square of its length is the worst. */
const MANY = 3;
/** What a path may have, as it is matched. */
const characters: readonly string[] = Array.from({ length: 0x100 - 0x21 }, (_, i) =>
  String.fromCharCode(0x21 + i),
);

interface Group {
  readonly start: number;
  readonly isLookaround: boolean;
  /** Whether something in it is there more or less often. */
  varies: boolean;
  hasAlternatives: boolean;
  /** What matches one character, in groups within it too. */
  readonly atoms: string[];
  /** Whether each of its parts is an atom that stands alone. */
  readonly parts: boolean[];
}

/** The first repetition of repetitions whose parts nothing keeps apart, as it is written, or undefined. */
export function findExplosion(source: string): string | undefined {
  const open = (start: number, isLookaround = false): Group => ({
    start,
    isLookaround,
    varies: false,
    hasAlternatives: false,
    atoms: [],
    parts: [],
  });
  const groups = [open(0)];
  let closed: Group | undefined;
  for (const { 0: text, index } of source.matchAll(token)) {
    const group = groups.at(-1)!;
    const repeated = closed;
    closed = undefined;
    if (text.startsWith('(')) groups.push(open(index, /[=!]$/.test(text)));
    else if (text === ')') {
      closed = groups.pop()!;
      const outer = groups.at(-1)!;
      outer.parts.push(false);
      if (closed.isLookaround) continue; // it is left as it was found
      outer.varies ||= closed.varies;
      outer.atoms.push(...closed.atoms);
    } else if (text === '|') group.hasAlternatives = true;
    else if (/^[*+?{]/.test(text)) {
      const [min, max] = timesOf(text);
      if (repeated?.varies && max >= MANY && !areKeptApart(repeated))
        return source.slice(repeated.start, index + text.length);
      group.varies ||= max > min;
      group.parts[group.parts.length - 1] = false;
    } else {
      const isAtom = !/^(?:[$^]|\\b)$/i.test(text);
      group.parts.push(isAtom);
      if (isAtom) group.atoms.push(text);
    }
  }
  return undefined;
}

function timesOf(quantifier: string): [min: number, max: number] {
  if (quantifier.startsWith('{')) {
    const [, min, comma, max] = /^\{(\d+)(,?)(\d*)/.exec(quantifier)!;
    return [Number(min), max ? Number(max) : comma ? Number.POSITIVE_INFINITY : Number(min)];
  }
  return [quantifier.startsWith('+') ? 1 : 0, quantifier.startsWith('?') ? 1 : Number.POSITIVE_INFINITY];
}

/** Whether each turn of a group begins or ends with a character that is nowhere else in it: there is one way to part them. */
function areKeptApart({ parts, atoms, hasAlternatives }: Group): boolean {
  if (hasAlternatives) return false;
  const isAlone = (at: number) => atoms.every((atom, i) => i === at || !overlap(atom, atoms[at]));
  return (parts[0] && isAlone(0)) || (parts.at(-1)! && isAlone(atoms.length - 1));
}

function overlap(one: string, other: string): boolean {
  if (/^\\[1-9k]/.test(one) || /^\\[1-9k]/.test(other)) return true; // what a group has matched
  const [a, b] = [one, other].map((atom) => new RegExp(`^${atom}$`, 'u'));
  return characters.some((character) => a.test(character) && b.test(character));
}
