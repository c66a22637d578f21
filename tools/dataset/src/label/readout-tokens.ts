import type { ModelInfo } from '@repoformer/domain';

/** Logits of a virtual decision token (a linear probe of the last hidden state). */
const READOUT_TOKENS = 256;
/** The single bytes that code is made of come first in byte-level vocabularies. */
const DENSE = 94;

/**
 * A fixed set of tokens spread over a vocabulary: the first ones, then ever sparser, since merges are ordered by
 * how common they are. Fewer for a small vocabulary.
 */
export function readoutTokens({ vocabularySize }: Pick<ModelInfo, 'vocabularySize'>): number[] {
  const dense = Math.min(DENSE, vocabularySize);
  const tokens = new Set(Array.from({ length: dense }, (_, id) => id));
  const wanted = Math.min(READOUT_TOKENS, vocabularySize);
  const ratio = vocabularySize / Math.max(1, dense);
  const sparse = wanted - dense;
  for (let i = 1; i <= sparse; i++) {
    let id = Math.min(vocabularySize - 1, Math.round(dense * ratio ** (i / sparse)));
    while (tokens.has(id)) id = (id + 1) % vocabularySize;
    tokens.add(id);
  }
  return [...tokens].sort((a, b) => a - b);
}
