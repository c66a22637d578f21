/** Longer lists are sorted by the engine. */
const FEW = 12;

/** Where in the ascending `postings`, from `from` to `to`, the first one of at least `window` is; `to` if none is. */
export function firstPostingAt(postings: Uint16Array, from: number, to: number, window: number): number {
  let low = from;
  for (let high = to; low < high;) {
    const middle = (low + high) >>> 1;
    if (postings[middle]! < window) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Puts postings `from` to `to` (exclusive) in order; takes no time to speak of where they are. */
export function sortPostings(postings: Uint16Array, from: number, to: number): void {
  let at = from + 1;
  while (at < to && postings[at - 1]! <= postings[at]!) at++;
  if (at >= to) return;
  if (to - from > FEW) {
    postings.subarray(from, to).sort();
    return;
  }
  for (; at < to; at++) {
    const window = postings[at]!;
    let free = at;
    for (; free > from && postings[free - 1]! > window; free--) postings[free] = postings[free - 1]!;
    postings[free] = window;
  }
}
