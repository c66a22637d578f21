import { throwIfAborted, type LanguageModel } from '@repoformer/domain';
import type { HoleRecord } from '../record.js';

/** Occurrences of each token, by its id, in the text of each language. */
export type TokenCounts = ReadonlyMap<string, Float64Array>;

export interface CountOptions {
  readonly model: Pick<LanguageModel, 'tokenize' | 'info'>;
  readonly signal: AbortSignal;
  readonly onFile?: (done: number, total: number) => void;
}

/** Counts the tokens of what models read and write at holes: of each file once, with the context found for it. */
export async function countTokens(
  holes: readonly HoleRecord[],
  { model, signal, onFile }: CountOptions,
): Promise<TokenCounts> {
  const files = new Map(holes.map((hole) => [`${hole.repository}\n${hole.path}`, hole]));
  const byLanguage = new Map<string, Float64Array>();
  let done = 0;
  for (const { language, prefix, middle, suffix, context } of files.values()) {
    throwIfAborted(signal);
    const counts = byLanguage.get(language) ?? new Float64Array(model.info.vocabularySize);
    byLanguage.set(language, counts);
    const texts = [prefix + middle + suffix, ...context.chunks.map(({ text }) => text)];
    for (const tokens of await model.tokenize(texts, signal)) for (const token of tokens) counts[token]!++;
    onFile?.(++done, files.size);
  }
  return byLanguage;
}

/** The greatest share that each token has of a language's text: what one language needs is worth its place. */
export function greatestShares(counts: TokenCounts): Float64Array {
  const shares: Float64Array[] = [...counts.values()].map((each) => {
    const total = sum(each);
    return each.map((count) => count / total);
  });
  return (shares[0] ?? new Float64Array()).map((_, id) => Math.max(...shares.map((each) => each[id]!)));
}

/** Share of each language's text that some tokens cover, 0 to 1. */
export function coverage(counts: TokenCounts, isKept: (token: number) => boolean): Map<string, number> {
  return new Map(
    [...counts].map(([language, each]) => [language, sum(each.filter((_, id) => isKept(id))) / sum(each)]),
  );
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}
