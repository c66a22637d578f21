import type { Hole, LabelledVariant, LabelRecord } from '@repoformer/dataset';
import { AppError } from '@repoformer/domain';
import { cutToLines, editSimilarity, exactMatch, nonBlankLines } from '@repoformer/metrics';
import type { Syntax } from '@repoformer/syntax';

type Place = Pick<Hole, 'kind' | 'language' | 'prefix' | 'middle' | 'suffix'>;

/** What the parser says of a text that it does not get through. */
const TOO_MUCH: ReadonlySet<AppError['kind']> = new Set(['deadline_exceeded', 'resource_exhausted']);

/**
 * What of a completion is judged, as published: lines, calls and chunks to the truth's number of lines, functions to
 * the longest prefix that parses as their body. A function in a language without a grammar, or one that is too
 * much for the parser, stays as it was written.
 */
export async function cutCompletion(hole: Place, written: string, syntax: Syntax): Promise<string> {
  if (hole.kind !== 'function') return cutToLines(written, nonBlankLines(hole.middle));
  const { prefix: before, suffix: after, language } = hole;
  try {
    const cut = await syntax.longestParseablePrefix({ before, generated: written, after, language });
    return cut?.text ?? written;
  } catch (error) {
    if (!(error instanceof AppError) || !TOO_MUCH.has(error.kind)) throw error;
    return written;
  }
}

/** A label whose completions are cut as they are judged, with their similarities to the truth. */
export async function cutLabel(hole: Place, label: LabelRecord, syntax: Syntax): Promise<LabelRecord> {
  const variants: LabelledVariant[] = [];
  for (const variant of label.variants) variants.push(await cutVariant(hole, variant, syntax));
  const { alone } = label;
  return {
    ...label,
    variants: variants as [LabelledVariant, ...LabelledVariant[]],
    ...(alone && { alone: await cutVariant(hole, alone, syntax) }),
  };
}

async function cutVariant(hole: Place, variant: LabelledVariant, syntax: Syntax): Promise<LabelledVariant> {
  const { completion } = variant;
  if (!completion) return variant;
  const text = await cutCompletion(hole, completion.text, syntax);
  return {
    ...variant,
    completion: { ...completion, text },
    editSimilarity: editSimilarity(text, hole.middle),
    exactMatch: exactMatch(text, hole.middle),
  };
}
