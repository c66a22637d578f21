import type { HoleRecord } from '@repoformer/dataset';
import { editSimilarity, identifiersOf } from '@repoformer/metrics';
import type { Coverage } from '../fit/coverage-worth.js';

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
 * What each chunk, in the order of the context, shows of the truth that neither the prompt nor the chunks before it
 * show. It asks no model, so every hole of a dataset has it.
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
): Coverage[] {
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
    return { name: Number(hasName), line: rise };
  });
}
