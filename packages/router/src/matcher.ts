import type { Rule } from './config.ts';
import { type Head, lowerCase } from './head.ts';
import { pathStart, questionMark } from './path.ts';
import { createTrie, step, type Trie } from './trie.ts';

/** Gives the index of the first rule, in order, that the head matches, or -1. Allocates nothing. */
export type Match = (head: Head) => number;

/** The rules with one path prefix: the first that asks for no header, the others by the header they ask for. */
interface Place {
  readonly plain: number;
  /** In lower case. */
  readonly names: Trie;
  readonly headers: readonly Header[];
}

/** The rules of one place that ask for one header: a trie of the value prefixes, and the rule of each. */
interface Header {
  readonly values: Trie;
  readonly rules: Int32Array;
}

const encoder = new TextEncoder();
const encode = (text: string): Uint8Array => encoder.encode(text);
const rootPath: Uint8Array = encode('/');
/** One for all the places that ask for no header. */
const noNames: Trie = createTrie([]);

/**
 * Compiles rules, in file order, to a matcher. It walks the path through a trie of the path prefixes, and the
 * names and values of its fields through tries of what is asked for on the way. The least index met wins, so the
 * time depends on the request, not on how many rules there are.
 */
export function createMatcher(rules: readonly Rule[]): Match {
  const byPath = groupBy([...rules.keys()], (index) => rules[index]!.pathPrefix);
  const paths = createTrie([...byPath.keys()].map(encode));
  const places = [...byPath.values()].map((indexes) => createPlace(rules, indexes));
  const none = rules.length;

  return (head) => {
    const start = pathStart(head);
    const bytes = start === -1 ? rootPath : head.bytes;
    const end = start === -1 ? bytes.length : head.targetStart + head.targetLength;
    let best = none;
    let node = 0;
    for (let at = Math.max(start, 0); at < end && bytes[at] !== questionMark; at++) {
      node = step(paths, node, bytes[at]!);
      if (node === 0) break;
      const place = paths.key[node]!;
      if (place !== -1) best = leastInPlace(places[place]!, head, best);
    }
    return best === none ? -1 : best;
  };
}

function createPlace(rules: readonly Rule[], indexes: readonly number[]): Place {
  const asking = indexes.filter((index) => rules[index]!.header !== null);
  const byName = groupBy(asking, (index) => rules[index]!.header!.name.toLowerCase());
  return {
    plain: indexes.find((index) => rules[index]!.header === null) ?? rules.length,
    names: byName.size === 0 ? noNames : createTrie([...byName.keys()].map(encode)),
    headers: [...byName.values()].map((indexes) => ({
      values: createTrie(indexes.map((index) => encode(rules[index]!.header!.valuePrefix))),
      rules: Int32Array.from(indexes),
    })),
  };
}

/** The least of `best` and the rules of the place that the head matches. */
function leastInPlace(place: Place, head: Head, best: number): number {
  let least = Math.min(place.plain, best);
  if (place.headers.length === 0) return least;
  for (let field = 0; field < head.fieldCount; field++) {
    const header = place.names.key[nodeOfName(place.names, head, field)]!;
    if (header !== -1) least = leastByValue(place.headers[header]!, head, field, least);
  }
  return least;
}

/** Where the field's name, in any case, ends in the trie; 0, which no name is, when it is not there. */
function nodeOfName(names: Trie, { bytes, fields }: Head, field: number): number {
  let at = fields[field * 4]!;
  const end = at + fields[field * 4 + 1]!;
  let node = 0;
  while (at < end) {
    node = step(names, node, lowerCase(bytes[at++]!));
    if (node === 0) return 0;
  }
  return node;
}

/** The least of `best` and the header's rules whose prefix the field's value has. */
function leastByValue(
  { values, rules }: Header,
  { bytes, fields }: Head,
  field: number,
  best: number,
): number {
  let least = best;
  let node = 0;
  let at = fields[field * 4 + 2]!;
  const end = at + fields[field * 4 + 3]!;
  for (;;) {
    const key = values.key[node]!;
    if (key !== -1) least = Math.min(least, rules[key]!);
    if (at === end) return least;
    node = step(values, node, bytes[at++]!);
    if (node === 0) return least;
  }
}

/** Map.groupBy, which Node 20 lacks. */
function groupBy<K, T>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
