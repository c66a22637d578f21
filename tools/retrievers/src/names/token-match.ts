import { partialWord, tokensOf } from '../corpus/words.js';
import type { NamePool } from './name-candidates.js';

/** Lines and tokens before the cursor that are matched. */
const LINES = 12;
const TOKENS = 14;
/** What a token that is no word tells, and each character of the partial word. */
const PUNCTUATION = 0.3;
const PARTIAL_CHARACTER = 0.7;
/** Matches that tell less are chance; those that tell more than {@link ENOUGH} are sure. */
const LEAST_MATCH = 3.5;
const ENOUGH = 30;
/** Tokens after a match that are looked at, and how soon they stop counting. */
const REACH = 24;
const HALF_REACH = 6;

/**
 * What follows the tokens before the cursor where they occur in the pool: for each word, the rarity of the tokens that
 * match, in tens, less the further behind the match it stands.
 */
export function findContinuations({ request, chunked, words, chunks }: NamePool): Map<number, number> {
  const { vocabulary } = chunked.repository;
  const partial = partialWord(request.prefix);
  const typed = tokensOf(request.prefix.split('\n').slice(-LINES).join('\n'));
  const whole = partial === '' ? typed : typed.slice(0, -1);
  const wanted = whole.slice(-TOKENS).map((token) => vocabulary.id(token));
  const continuations = new Map<number, number>();
  const last = wanted.at(-1);
  if (last === undefined) return continuations;
  const rarity = (token: number) => (vocabulary.isWord(token) ? words.rarity(token) : PUNCTUATION);
  const seen = new Set<string>();
  for (const { file, isOwn, path, startLine, endLine } of chunks) {
    const { tokens, lineStarts } = file;
    for (let at = lineStarts[startLine]!; at < lineStarts[endLine]!; at++) {
      if (tokens[at] !== last) continue;
      const key = `${isOwn ? 'own' : path}:${at}`;
      if (seen.has(key)) continue;
      seen.add(key);
      let match = rarity(last);
      for (let back = 1; back < wanted.length && tokens[at - back] === wanted.at(-1 - back); back++) {
        match += rarity(tokens[at - back]!);
      }
      if (partial !== '') {
        const next = tokens[at + 1];
        if (next === undefined || !vocabulary.token(next).startsWith(partial)) continue;
        match += partial.length * PARTIAL_CHARACTER;
      }
      if (match <= LEAST_MATCH) continue;
      for (let ahead = 1; ahead <= REACH && at + ahead < tokens.length; ahead++) {
        const token = tokens[at + ahead]!;
        if (!vocabulary.isWord(token)) continue;
        const value = Math.min(match, ENOUGH) / 10 / (1 + ahead / HALF_REACH);
        if (value > (continuations.get(token) ?? 0)) continuations.set(token, value);
      }
    }
  }
  return continuations;
}
