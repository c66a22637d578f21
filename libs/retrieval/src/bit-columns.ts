/** 32-bit cells in a word's column of bits: bit w % 32 of cell w / 32 is window w's. */
export function cellsOf(windowCount: number): number {
  return (windowCount + 31) >>> 5;
}

/** Bits set of windows `from` to `to` (exclusive) in the column that begins at `column`. */
export function countBits(bitmaps: Int32Array, column: number, from: number, to: number): number {
  let count = 0;
  for (let cell = from >>> 5; cell < cellsOf(to); cell++) {
    let bits = bitmaps[column + cell]!;
    if (cell === from >>> 5) bits &= -1 << (from & 31);
    if (cell === to >>> 5) bits &= ~(-1 << (to & 31));
    count += popCount(bits);
  }
  return count;
}

/** Number of bits set in a 32-bit integer. */
function popCount(value: number): number {
  let sum = value - ((value >>> 1) & 0x55555555);
  sum = (sum & 0x33333333) + ((sum >>> 2) & 0x33333333);
  return Math.imul((sum + (sum >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
