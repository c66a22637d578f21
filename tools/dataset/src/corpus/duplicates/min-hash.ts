/** Permutations of a signature: the estimate's standard deviation is at most 1 / (2 sqrt(128)) = 0.044. */
export const PERMUTATIONS = 128;

/** The largest 32-bit number, which a signature of the empty set holds throughout. */
const EMPTY = 0xffffffff;

const multipliers = new Uint32Array(PERMUTATIONS);
const offsets = new Uint32Array(PERMUTATIONS);
for (let at = 0, state = 0x9e3779b9; at < PERMUTATIONS; at++) {
  state = next(state);
  // Odd, so that multiplying permutes the 32-bit numbers.
  multipliers[at] = state | 1;
  state = next(state);
  offsets[at] = state;
}

/**
 * MinHash signature of a set of 32-bit hashes (Broder 1997): of each of {@link PERMUTATIONS} fixed permutations,
 * the least image of a member.
 */
export function minHash(set: Uint32Array): Uint32Array {
  const signature = new Uint32Array(PERMUTATIONS).fill(EMPTY);
  for (let at = 0; at < PERMUTATIONS; at++) {
    const multiplier = multipliers[at]!;
    const offset = offsets[at]!;
    let least = EMPTY;
    for (let member = 0; member < set.length; member++) {
      const image = (Math.imul(set[member]!, multiplier) + offset) >>> 0;
      if (image < least) least = image;
    }
    signature[at] = least;
  }
  return signature;
}

/** Estimate of the Jaccard similarity of the sets behind two signatures. */
export function estimateJaccard(left: Uint32Array, right: Uint32Array): number {
  let equal = 0;
  for (let at = 0; at < PERMUTATIONS; at++) if (left[at] === right[at]) equal++;
  return equal / PERMUTATIONS;
}

/** Xorshift of 32 bits (Marsaglia 2003): never 0 when it does not begin there. */
function next(state: number): number {
  let bits = state ^ (state << 13);
  bits ^= bits >>> 17;
  bits ^= bits << 5;
  return bits >>> 0;
}
