import { TokenBias, type LlamaModel, type Token } from 'node-llama-cpp';
import type { TokenVocabulary } from './token-vocabulary.js';

/** Lifts the allowed tokens above all others: far more than any two logits differ, and exact in a float. */
const ALLOWED_BIAS = 512;
/** The sets of short runs are large (25 ms to build for the 50,000 tokens that begin with a space) and recur. */
const KEPT = 32;

/** Restricts the choice of the next token to those that agree with bytes that are already typed. */
export class ForcedTokenBias {
  readonly #model: LlamaModel;
  readonly #vocabulary: TokenVocabulary;
  readonly #kept = new Map<string, TokenBias>();

  constructor(model: LlamaModel, vocabulary: TokenVocabulary) {
    this.#model = model;
    this.#vocabulary = vocabulary;
  }

  /** Undefined when no token agrees with the bytes, which a byte-level vocabulary never says. */
  towards(forced: Uint8Array): TokenBias | undefined {
    const key = Buffer.from(forced).toString('latin1');
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    const allowed = this.#vocabulary.tokensAgreeingWith(forced);
    if (allowed.length === 0) return undefined;
    const bias = TokenBias.for(this.#model);
    for (const token of allowed) bias.set(token as Token, { logit: ALLOWED_BIAS });
    this.#kept.set(key, bias);
    if (this.#kept.size > KEPT) this.#kept.delete(this.#kept.keys().next().value!);
    return bias;
  }
}
