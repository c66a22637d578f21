import { createHash } from 'node:crypto';

/** Words of a shingle, as for SantaCoder's data (Ben Allal et al. 2023). */
export const SHINGLE_WORDS = 5;

const WORD = /[\p{L}\p{N}_]+/gu;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
/** Between words, so that `ab c` and `a bc` differ; no UTF-16 unit of a word. */
const SEPARATOR = 0x20;

/** SHA-256 of a text without regard to white space: reindented copies and other line ends are equal. */
export function contentHash(text: string): string {
  return createHash('sha256').update(text.replace(/\s+/g, ' ').trim()).digest('hex');
}

/**
 * The set of a text's shingles of {@link SHINGLE_WORDS} words, as sorted 32-bit hashes. A text of fewer words is
 * one shingle; one without words has none.
 */
export function shingleSet(text: string): Uint32Array {
  const words = (text.match(WORD) ?? []).map(hashWord);
  if (words.length === 0) return new Uint32Array(0);
  const count = Math.max(1, words.length - SHINGLE_WORDS + 1);
  const hashes = new Uint32Array(count);
  for (let at = 0; at < count; at++) {
    let hash = FNV_OFFSET;
    const end = Math.min(words.length, at + SHINGLE_WORDS);
    for (let word = at; word < end; word++) hash = mix(Math.imul(hash, FNV_PRIME) ^ words[word]!);
    hashes[at] = hash >>> 0;
  }
  return distinct(hashes.sort());
}

/** Share of the shingles of two sorted sets that both have; 0 when both are empty. */
export function jaccard(left: Uint32Array, right: Uint32Array): number {
  let common = 0;
  for (let l = 0, r = 0; l < left.length && r < right.length;) {
    const difference = left[l]! - right[r]!;
    if (difference === 0) common++;
    if (difference <= 0) l++;
    if (difference >= 0) r++;
  }
  const all = left.length + right.length - common;
  return all === 0 ? 0 : common / all;
}

function hashWord(word: string): number {
  let hash = FNV_OFFSET ^ SEPARATOR;
  for (let at = 0; at < word.length; at++) hash = Math.imul(hash ^ word.charCodeAt(at), FNV_PRIME);
  return mix(hash);
}

/** MurmurHash3's finaliser: every bit of the input reaches every bit of the result. */
function mix(value: number): number {
  let hash = value ^ (value >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function distinct(sorted: Uint32Array): Uint32Array {
  let length = 0;
  for (let at = 0; at < sorted.length; at++) {
    if (at === 0 || sorted[at] !== sorted[at - 1]) sorted[length++] = sorted[at]!;
  }
  return sorted.slice(0, length);
}
