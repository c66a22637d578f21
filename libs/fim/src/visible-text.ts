import type { RetrievalQuery } from '@repoformer/domain';
import type { TokenBudgets } from './prompt.js';

/** Of code, on average. */
const CHARS_PER_TOKEN = 3;

/**
 * How much of prefix and suffix a prompt holds: an estimate, as retrieval begins before anything is tokenised.
 */
export function visibleText({
  prefixTokens,
  suffixTokens,
}: Pick<TokenBudgets, 'prefixTokens' | 'suffixTokens'>): NonNullable<RetrievalQuery['visible']> {
  return { beforeChars: prefixTokens * CHARS_PER_TOKEN, afterChars: suffixTokens * CHARS_PER_TOKEN };
}
