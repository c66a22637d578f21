/** Matches longer than this are copies already. */
export const MAX_MATCH_WORDS = 16;

/**
 * The longest run of words, ending anywhere in `words` before `end`, that equals the last words of `query`; at most
 * {@link MAX_MATCH_WORDS}.
 */
export function longestMatch(query: readonly string[], words: readonly string[], end = words.length): number {
  const last = query.at(-1);
  if (last === undefined) return 0;
  const limit = Math.min(MAX_MATCH_WORDS, query.length);
  let best = 0;
  for (let at = 0; at < end; at++) {
    if (words[at] !== last) continue;
    let length = 1;
    while (length < limit && length <= at && words[at - length] === query[query.length - 1 - length])
      length++;
    if (length > best) best = length;
  }
  return best;
}
