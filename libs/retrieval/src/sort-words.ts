/** More words than this cannot share one 53-bit key with a 32-bit hash. */
const MAX_KEYED_WORDS = 2 ** 21;

/** The order of words by hash: high half first, then low half, both as signed integers. */
export function compareHashes(highA: number, lowA: number, highB: number, lowB: number): number {
  return highA !== highB ? highA - highB : lowA - lowB;
}

/** The numbers of the words in ascending order of their hashes. */
export function sortWords(highs: Int32Array, lows: Int32Array): Uint32Array {
  const count = highs.length;
  if (count > MAX_KEYED_WORDS) {
    const order = Uint32Array.from({ length: count }, (_, word) => word);
    return order.sort((a, b) => compareHashes(highs[a]!, lows[a]!, highs[b]!, lows[b]!));
  }
  // Sorting plain numbers is many times faster than sorting with a comparator.
  const keys = new Float64Array(count);
  for (let word = 0; word < count; word++) keys[word] = highs[word]! * MAX_KEYED_WORDS + word;
  keys.sort();
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const word = keys[i]! - Math.floor(keys[i]! / MAX_KEYED_WORDS) * MAX_KEYED_WORDS;
    // Words with the same high half are rare; each is moved to its place among them.
    let at = i;
    while (at > 0 && highs[order[at - 1]!] === highs[word] && lows[order[at - 1]!]! > lows[word]!) {
      order[at] = order[at - 1]!;
      at--;
    }
    order[at] = word;
  }
  return order;
}
