import type { HoleRecord } from '@repoformer/dataset';
import { editSimilarity, identifiersOf } from '@repoformer/metrics';

/**
 * What each part of coverage is worth in nats per token of the truth: least squares on the log-likelihood gains of 612
 * labelled holes of 53 repositories (Qwen2.5-Coder 0.5B, one chunk; correlation .54).
 */
const NATS_FOR_NAME = 0.4;
const NATS_FOR_LINE = 0.5;
/** Shorter names are everywhere. */
const LEAST_NAME = 3;
/** Of a longer line, the beginning is compared. */
const LINE_CHARS = 200;
const WORD = /[\p{L}\p{N}_$]+/gu;

/** How much of what stands around a hole the model sees anyway, in UTF-16 code units. */
export interface VisibleText {
  readonly beforeChars: number;
  readonly afterChars: number;
}

/**
 * How much of the truth each chunk shows that neither the prompt nor the chunks before it show: whether a name of the
 * truth is among it, and by how much the line most similar to the truth's first is more similar than any before. It
 * asks no model, so every hole of a dataset has it.
 *
 * @returns for each chunk, in the order of the context, the gain to be expected in nats per token of the truth; at
 *   least 0
 */
export function coverageOf(
  {
    prefix,
    middle,
    suffix,
    language,
    context,
  }: Pick<HoleRecord, 'prefix' | 'middle' | 'suffix' | 'language'> & {
    readonly context: { readonly chunks: readonly { readonly text: string }[] };
  },
  { beforeChars, afterChars }: VisibleText,
): number[] {
  const before = prefix.slice(Math.max(0, prefix.length - beforeChars)).split('\n');
  const after = suffix.slice(0, afterChars).split('\n');
  const typed = before.at(-1)!;
  const names = new Set(
    identifiersOf(/[\p{L}\p{N}_$]*$/u.exec(typed)![0] + middle, language).filter(
      (name) => name.length >= LEAST_NAME,
    ),
  );
  const wanted = (typed + middle.split('\n', 1)[0]!).trim().slice(0, LINE_CHARS);
  const similarityOf = (lines: readonly string[]) =>
    lines.reduce((best, line) => {
      const text = line.trim().slice(0, LINE_CHARS);
      // The shorter of two texts bounds what they can have in common.
      const bound = Math.min(text.length, wanted.length) / Math.max(text.length, wanted.length, 1);
      return bound <= best ? best : Math.max(best, editSimilarity(text, wanted) / 100);
    }, 0);

  const known = new Set([...before, ...after].join('\n').match(WORD));
  let similarity = similarityOf([...before.slice(0, -1), ...after.slice(1)]);
  return context.chunks.map(({ text }) => {
    const words = new Set(text.match(WORD));
    const hasName = [...names].some((name) => words.has(name) && !known.has(name));
    for (const word of words) known.add(word);
    const best = Math.max(similarity, similarityOf(text.split('\n')));
    const rise = best - similarity;
    similarity = best;
    return NATS_FOR_NAME * Number(hasName) + NATS_FOR_LINE * rise;
  });
}
