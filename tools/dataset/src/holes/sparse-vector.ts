/** A vector of which most entries are 0. */
export interface SparseVector {
  readonly indices: Uint32Array;
  readonly values: Float64Array;
}

/**
 * TF-IDF of the words of each text, hashed into a fixed number of dimensions, of length 1 (0 for a text without
 * words). Logarithmic term frequency, smoothed document frequency, signs by hash so that collisions cancel.
 */
export function hashedTfIdf(texts: readonly string[], dimensions: number): SparseVector[] {
  const counts = texts.map((text) => hashedCounts(text, dimensions));
  const documents = new Float64Array(dimensions);
  for (const count of counts) for (const index of count.keys()) documents[index]! += 1;
  return counts.map((count) => {
    const entries = [...count].filter(([, value]) => value !== 0).sort(([a], [b]) => a - b);
    const weights = entries.map(
      ([index, value]) =>
        Math.sign(value) *
        (1 + Math.log(Math.abs(value))) *
        (1 + Math.log((1 + texts.length) / (1 + documents[index]!))),
    );
    const norm = Math.hypot(...weights) || 1;
    return {
      indices: Uint32Array.from(entries, ([index]) => index),
      values: Float64Array.from(weights, (weight) => weight / norm),
    };
  });
}

function hashedCounts(text: string, dimensions: number): Map<number, number> {
  const counts = new Map<number, number>();
  for (const word of text.match(/[\p{L}\p{N}_]+/gu) ?? []) {
    const hash = fnv1a(word);
    const index = (hash >>> 1) % dimensions;
    counts.set(index, (counts.get(index) ?? 0) + (hash & 1 ? 1 : -1));
  }
  return counts;
}

function fnv1a(word: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < word.length; i++) {
    hash = Math.imul(hash ^ word.charCodeAt(i), 0x01000193);
  }
  // The low bits of FNV are weak; these are what is used.
  hash ^= hash >>> 15;
  return Math.imul(hash, 0x2c1b3c6d) >>> 0;
}
