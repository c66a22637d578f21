const WORD = 32;

/**
 * The least number of insertions, deletions and replacements of single elements that turn one sequence into the
 * other.
 *
 * Myers' bit-parallel algorithm (JACM 46, 1999) in the block form of Hyyrö (2003): 32 cells of a column at a time, so
 * n·m/32 steps; memory is linear in the shorter sequence for each of its distinct elements.
 */
export function levenshtein(a: Uint32Array, b: Uint32Array): number {
  let start = 0;
  let endA = a.length;
  let endB = b.length;
  while (start < endA && start < endB && a[start] === b[start]) start++;
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) {
    endA--;
    endB--;
  }
  const left = a.subarray(start, endA);
  const right = b.subarray(start, endB);
  return left.length < right.length ? distance(left, right) : distance(right, left);
}

/** The code points of a text; a surrogate without its other half counts as one. */
export function codePoints(text: string): Uint32Array {
  const points = new Uint32Array(text.length);
  let count = 0;
  for (const character of text) points[count++] = character.codePointAt(0) as number;
  return points.subarray(0, count);
}

/** @param pattern no longer than `text`. */
function distance(pattern: Uint32Array, text: Uint32Array): number {
  if (pattern.length === 0) return text.length;
  const blocks = Math.ceil(pattern.length / WORD);
  const occurrences = positionsOf(pattern, blocks);
  const none = new Int32Array(blocks);
  // Where the column's cells grow by one (positive) or shrink by one (negative) against the cell above.
  const positive = new Int32Array(blocks).fill(-1);
  const negative = new Int32Array(blocks);
  const last = 1 << ((pattern.length - 1) % WORD);
  let score = pattern.length;
  for (const element of text) {
    const equal = occurrences.get(element) ?? none;
    // The top row of the table counts insertions: it grows by one with every column.
    let carry = 1;
    for (let block = 0; block < blocks; block++) {
      const up = positive[block] as number;
      const down = negative[block] as number;
      const high = block === blocks - 1 ? last : 1 << (WORD - 1);
      let same = equal[block] as number;
      const vertical = same | down;
      if (carry < 0) same |= 1;
      const horizontal = (((same & up) + up) ^ up) | same;
      let grows = down | ~(horizontal | up);
      let shrinks = up & horizontal;
      const next = (grows & high) !== 0 ? 1 : (shrinks & high) !== 0 ? -1 : 0;
      grows <<= 1;
      shrinks <<= 1;
      if (carry < 0) shrinks |= 1;
      else if (carry > 0) grows |= 1;
      positive[block] = shrinks | ~(vertical | grows);
      negative[block] = grows & vertical;
      carry = next;
    }
    score += carry;
  }
  return score;
}

/** For each element, a bit for each of its positions in the pattern. */
function positionsOf(pattern: Uint32Array, blocks: number): Map<number, Int32Array> {
  const positions = new Map<number, Int32Array>();
  pattern.forEach((element, index) => {
    let bits = positions.get(element);
    if (bits === undefined) {
      bits = new Int32Array(blocks);
      positions.set(element, bits);
    }
    const block = Math.floor(index / WORD);
    bits[block] = (bits[block] as number) | (1 << (index % WORD));
  });
  return positions;
}
