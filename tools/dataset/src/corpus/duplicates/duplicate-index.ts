import { minHash, PERMUTATIONS } from './min-hash.js';
import { contentHash, jaccard, shingleSet } from './shingles.js';

/** Files from this Jaccard similarity of their shingles are near duplicates. */
export const NEAR_DUPLICATE_JACCARD = 0.8;

/**
 * Rows of a band: of two sets at the threshold, one of 32 bands agrees but for (1 - 0.8^4)^32 = 5e-8. Pairs far
 * below it meet too, which costs only their exact comparison.
 */
const BAND_ROWS = 4;
const BANDS = PERMUTATIONS / BAND_ROWS;

export interface Fingerprint {
  readonly hash: string;
  readonly shingles: Uint32Array;
  readonly signature: Uint32Array;
}

export interface DuplicateHit<T> {
  readonly of: T;
  /** 1 for equal content; else the exact similarity of the shingle sets. */
  readonly similarity: number;
  readonly isExact: boolean;
}

/** What of a text is compared. */
export function fingerprint(text: string): Fingerprint {
  return fingerprintOf(contentHash(text), shingleSet(text));
}

/** The same of a text that is known by its hash and its shingles only. */
export function fingerprintOf(hash: string, shingles: Uint32Array): Fingerprint {
  return { hash, shingles, signature: minHash(shingles) };
}

/**
 * Finds copies: of equal content but for white space, and near ones by MinHash and locality-sensitive hashing,
 * each candidate verified on its whole shingle set.
 */
export class DuplicateIndex<T> {
  readonly #byHash = new Map<string, T>();
  readonly #bands: readonly Map<number, number[]>[] = Array.from({ length: BANDS }, () => new Map());
  readonly #members: { readonly of: T; readonly shingles: Uint32Array }[] = [];

  add(of: T, { hash, shingles, signature }: Fingerprint): void {
    if (!this.#byHash.has(hash)) this.#byHash.set(hash, of);
    const member = this.#members.push({ of, shingles }) - 1;
    if (shingles.length === 0) return;
    this.#bands.forEach((band, at) => {
      const key = bandKey(signature, at);
      const bucket = band.get(key);
      if (bucket) bucket.push(member);
      else band.set(key, [member]);
    });
  }

  /** The file it is a copy of: the same if there is one, else the most similar from the threshold on. */
  find({ hash, shingles, signature }: Fingerprint): DuplicateHit<T> | undefined {
    const same = this.#byHash.get(hash);
    if (same !== undefined) return { of: same, similarity: 1, isExact: true };
    let best: DuplicateHit<T> | undefined;
    for (const member of this.#candidates(signature, shingles)) {
      const { of, shingles: others } = this.#members[member]!;
      const least = Math.min(shingles.length, others.length);
      const most = Math.max(shingles.length, others.length);
      if (least < NEAR_DUPLICATE_JACCARD * most) continue;
      const similarity = jaccard(shingles, others);
      if (similarity >= NEAR_DUPLICATE_JACCARD && similarity > (best?.similarity ?? 0)) {
        best = { of, similarity, isExact: false };
      }
    }
    return best;
  }

  /** In the order of their addition, so that ties are settled the same way every time. */
  #candidates(signature: Uint32Array, shingles: Uint32Array): number[] {
    if (shingles.length === 0) return [];
    const found = new Set<number>();
    this.#bands.forEach((band, at) => {
      for (const member of band.get(bandKey(signature, at)) ?? []) found.add(member);
    });
    return [...found].sort((a, b) => a - b);
  }
}

function bandKey(signature: Uint32Array, band: number): number {
  let key = 0x811c9dc5;
  for (let row = 0; row < BAND_ROWS; row++) {
    key = Math.imul(key ^ signature[band * BAND_ROWS + row]!, 0x01000193);
    key ^= key >>> 15;
  }
  return key;
}
