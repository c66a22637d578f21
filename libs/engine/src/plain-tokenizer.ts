import type { LlamaModel } from 'node-llama-cpp';
import type { TokenVocabulary } from './token-vocabulary.js';

/** Never part of a longer token, and never in source text that matters. */
const ANCHOR = '\u0001';

/** Turns text into tokens whose bytes are the text's own; control tokens never come out of it. */
export class PlainTokenizer {
  readonly #model: LlamaModel;
  /** How many tokens the anchor takes; 0: none is needed. */
  readonly #anchorTokens: number;

  constructor(model: LlamaModel, vocabulary: TokenVocabulary) {
    this.#model = model;
    // SentencePiece vocabularies of the older kind put a space before every text. Behind an anchor, no text
    // is a beginning.
    const [first] = model.tokenize('x', false);
    const addsSpace = first !== undefined && vocabulary.bytesOf(first)[0] === ' '.charCodeAt(0);
    this.#anchorTokens = addsSpace ? model.tokenize(ANCHOR, false).length : 0;
  }

  tokenize(text: string): Int32Array {
    if (this.#anchorTokens === 0 || text === '') return Int32Array.from(this.#model.tokenize(text, false));
    return Int32Array.from(this.#model.tokenize(ANCHOR + text, false).slice(this.#anchorTokens));
  }
}
