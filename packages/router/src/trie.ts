/**
 * Byte strings by their prefixes, flat: node 0 is the root, a node's children are a list linked by `sibling`.
 * A few typed arrays hold 10,000 long paths in a few megabytes, where a Map a node would take ten times that.
 */
export interface Trie {
  readonly byte: Uint8Array;
  /** The first child, or 0: the root is nobody's child. */
  readonly child: Int32Array;
  readonly sibling: Int32Array;
  /** The index of the key that ends here, or -1. */
  readonly key: Int32Array;
}

/** Of equal keys the first counts. */
export function createTrie(keys: readonly Uint8Array[]): Trie {
  const capacity = keys.reduce((sum, key) => sum + key.length, 1);
  const trie: Trie = {
    byte: new Uint8Array(capacity),
    child: new Int32Array(capacity),
    sibling: new Int32Array(capacity),
    key: new Int32Array(capacity).fill(-1),
  };
  let used = 1;
  keys.forEach((key, index) => {
    let node = 0;
    for (const byte of key) {
      let next = step(trie, node, byte);
      if (next === 0) {
        next = used++;
        trie.byte[next] = byte;
        trie.sibling[next] = trie.child[node]!;
        trie.child[node] = next;
      }
      node = next;
    }
    if (trie.key[node] === -1) trie.key[node] = index;
  });
  return trie;
}

/** The child of a node by its byte, or 0. */
export function step(trie: Trie, node: number, byte: number): number {
  let next = trie.child[node]!;
  while (next !== 0 && trie.byte[next] !== byte) next = trie.sibling[next]!;
  return next;
}
