import type { LlamaModel } from 'node-llama-cpp';
import { LoadError } from './load-failure.js';
import { TOKEN_ATTRIBUTE, TokenVocabulary, type VocabularyKind } from './token-vocabulary.js';

const KINDS: Readonly<Record<string, VocabularyKind>> = { bpe: 'byte_level', spm: 'sentencepiece' };

/**
 * Reads a loaded model's vocabulary.
 *
 * @throws LoadError MODEL_UNSUPPORTED for kinds of vocabulary that no code model has.
 */
export function readVocabulary(model: LlamaModel): TokenVocabulary {
  const kind = KINDS[model.vocabularyType];
  const texts = tokenTexts(model);
  if (kind === undefined || texts.length === 0) {
    throw new LoadError({
      kind: 'failed_precondition',
      reason: 'MODEL_UNSUPPORTED',
      message: `the model has a vocabulary of kind "${model.vocabularyType}"; byte-level BPE and SentencePiece are supported`,
    });
  }
  return new TokenVocabulary({
    kind,
    texts,
    attributes: texts.map((_, token) => attributesOf(model, token)),
  });
}

/** The texts of all tokens as the file has them. */
export function tokenTexts(model: LlamaModel): readonly string[] {
  const texts = (model.fileInfo.metadata.tokenizer?.ggml as { tokens?: unknown } | undefined)?.tokens;
  return Array.isArray(texts) ? (texts as readonly string[]) : [];
}

/** A token's attributes as a bit set of {@link TOKEN_ATTRIBUTE}. */
export function attributesOf(model: LlamaModel, token: number): number {
  const has = model.getTokenAttributes(token as never);
  return (
    (has.unknown ? TOKEN_ATTRIBUTE.unknown : 0) |
    (has.unused ? TOKEN_ATTRIBUTE.unused : 0) |
    (has.normal ? TOKEN_ATTRIBUTE.normal : 0) |
    (has.control ? TOKEN_ATTRIBUTE.control : 0) |
    (has.userDefined ? TOKEN_ATTRIBUTE.userDefined : 0) |
    (has.byte ? TOKEN_ATTRIBUTE.byte : 0)
  );
}
