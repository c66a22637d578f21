import type { HoleRecord, LabelledVariant, LabelRecord } from '@repoformer/dataset';
import { identifierF1 } from '@repoformer/metrics';
import { ALONE, type HoleResult, type Outcome } from '../results.js';
import type { LabelledHole } from './collect-results.js';
import type { JudgedPolicy } from './judged-policy.js';

/** Lines around a hole that the report shows. */
const LINES_BEFORE = 8;
const LINES_AFTER = 4;

/**
 * What was measured at a hole, as the analysis wants it; undefined where completions are lacking. Numbers of chunks
 * for which no completion was written are left out.
 */
export function toHoleResult(
  { hole, label, passed }: LabelledHole,
  policies: readonly JudgedPolicy[],
): HoleResult | undefined {
  const outcomes = label.variants.flatMap((variant) => {
    const outcome = toOutcome(hole, label, variant, passed);
    return outcome ? [outcome] : [];
  });
  if (outcomes.length === 0 || outcomes[0]!.chunks !== 0) return undefined;
  const alone = label.alone && toOutcome(hole, label, { ...label.alone, chunks: ALONE }, passed);
  const answers = policies.flatMap(({ spec, says }) => {
    const said = says(hole, label);
    return said === undefined ? [] : [[spec.name, said] as const];
  });
  const { id, repository, path, language, kind, middle, context } = hole;
  return {
    id,
    repository,
    path,
    language,
    kind,
    before: hole.prefix.split('\n').slice(-LINES_BEFORE).join('\n'),
    middle,
    after: hole.suffix.split('\n', LINES_AFTER).join('\n'),
    outcomes: outcomes as [Outcome, ...Outcome[]],
    ...(alone && { alone: { ...alone, chunks: 0 } }),
    scores: context.chunks.map(({ score }) => score),
    policies: Object.fromEntries(answers),
    context: context.chunks
      .slice(0, outcomes.at(-1)!.chunks)
      .map(({ path: from, startLine, text }) => ({ path: from, startLine, text })),
  };
}

/** One completion of a joined label, with its numbers; undefined where none was written. */
export function toOutcome(
  hole: HoleRecord,
  label: LabelRecord,
  variant: LabelledVariant,
  passed?: ReadonlyMap<number, boolean>,
): Outcome | undefined {
  const { completion, editSimilarity, exactMatch, chunks } = variant;
  if (!completion || editSimilarity === undefined || exactMatch === undefined) return undefined;
  const { text } = completion;
  const hasPassed = passed?.get(chunks);
  return {
    chunks,
    contextTokens: variant.contextTokens,
    text,
    exactMatch,
    editSimilarity,
    identifierF1: identifierF1(text, hole.middle, hole.language),
    logLikelihood: variant.logLikelihood,
    ...(hasPassed !== undefined && { passed: hasPassed }),
    timings: {
      retrieveMs: hole.context.retrieveMs,
      sharedMs: label.sharedMs,
      contextMs: variant.contextMs,
      decodeMs: completion.decodeMs,
    },
  };
}
