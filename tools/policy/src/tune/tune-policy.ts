import {
  createFittedPolicy,
  type Features,
  type FittedPolicy,
  type Gains,
  type PolicyDocument,
  type Probe,
} from '@repoformer/policy';
import { fitCorrection, recalibrated } from './recalibrate.js';

/** A hole of the repository that a policy is tuned to. */
export interface TuneHole {
  /** Holes of one group, such as those of a file, are never divided between fitting and checking. */
  readonly group: string;
  readonly language: string;
  readonly features: Features;
  readonly probe?: Probe;
  /** Edit similarity without context, with one chunk, two, ...; 0 to 100. */
  readonly similarities: readonly number[];
  /** Milliseconds of evaluating the context, by number of chunks; the first is 0. */
  readonly contextMs: readonly number[];
  readonly tokensPerChunk: readonly number[];
}

export interface TuneOptions {
  /** What time is worth: points of edit similarity for 100 ms. */
  readonly lambda: number;
  /** As measured with these holes. */
  readonly msPerContextToken: number;
  /** Default 5. */
  readonly folds?: number;
}

/** What a policy brings on the holes: means. */
export interface PolicyYield {
  readonly retrieved: number;
  readonly editSimilarity: number;
  readonly contextMs: number;
  /** Edit similarity less the price of the time. */
  readonly utility: number;
}

export interface TuneResult {
  readonly holes: number;
  readonly groups: number;
  readonly before: PolicyYield;
  /** Of policies tuned without the holes they are judged on. */
  readonly after: PolicyYield;
  /** After less before, in utility; the error counts holes of a group as one. */
  readonly difference: { readonly estimate: number; readonly standardError: number };
  /** Present only where it is better on holes it was not tuned on, by more than one standard error. */
  readonly document?: PolicyDocument;
}

/** Fewer holes, or of fewer files, are no ground to change anything. */
export const LEAST_HOLES = 60;
export const LEAST_GROUPS = 8;
/** What is known of gains beforehand counts as so many holes. */
const GAIN_PRIOR = 30;

/**
 * Fits a policy's probabilities and gains to the holes of one repository, and tells by cross-validation whether that
 * is worth having. The order in which it ranks holes is not touched: there is too little to learn that from.
 */
export function tunePolicy(
  document: PolicyDocument,
  holes: readonly TuneHole[],
  options: TuneOptions,
): TuneResult {
  const folds = foldsOf(holes, options.folds ?? 5);
  const original = createFittedPolicy(document);
  const before = holes.map((hole) => yieldOf(original, hole, options));
  const after: PolicyYield[] = [];
  for (const fold of new Set(folds)) {
    const rest = holes.filter((_, at) => folds[at] !== fold);
    const tuned = createFittedPolicy(tunedOn(document, original, rest));
    holes.forEach((hole, at) => {
      if (folds[at] === fold) after[at] = yieldOf(tuned, hole, options);
    });
  }
  const differences = after.map(({ utility }, at) => utility - before[at]!.utility);
  const difference = clusteredMean(differences, holes);
  const groups = new Set(holes.map(({ group }) => group)).size;
  const isEnough = holes.length >= LEAST_HOLES && groups >= LEAST_GROUPS;
  const isBetter = isEnough && difference.estimate > 0 && difference.estimate > difference.standardError;
  return {
    holes: holes.length,
    groups,
    before: meanYield(before),
    after: meanYield(after),
    difference,
    ...(isBetter && { document: tunedOn(document, original, holes) }),
  };
}

function tunedOn(document: PolicyDocument, policy: FittedPolicy, holes: readonly TuneHole[]): PolicyDocument {
  const gains = holes.map(({ similarities }) => similarities.at(-1)! - similarities[0]!);
  const helped = gains.map((gain) => gain > 0);
  const free = holes.map(({ features }) => policy.probability(features));
  const asked = holes.flatMap(({ features, probe }, at) =>
    probe ? [{ p: policy.probability(features, probe), helped: helped[at]! }] : [],
  );
  const isProbed = document.stages.probed !== undefined && asked.length > 0;
  return recalibrated(document, {
    name: document.name.replace(/( tuned)?$/, ' tuned'),
    free: fitCorrection(free, helped),
    probed: isProbed
      ? fitCorrection(
          asked.map(({ p }) => p),
          asked.map((each) => each.helped),
        )
      : undefined,
    gains: shrunkGains(gains, policy.gainsOf(mostFrequent(holes.map(({ language }) => language)))),
  });
}

function shrunkGains(gains: readonly number[], known: Gains): Gains {
  const shrunk = (values: readonly number[], prior: number) =>
    (values.reduce((sum, value) => sum + value, 0) + GAIN_PRIOR * prior) / (values.length + GAIN_PRIOR);
  const helped = gains.filter((gain) => gain > 0);
  const others = gains.filter((gain) => gain <= 0).map((gain) => -gain);
  return { helps: shrunk(helped, known.helps), hurts: shrunk(others, known.hurts) };
}

function yieldOf(
  policy: FittedPolicy,
  hole: TuneHole,
  { lambda, msPerContextToken }: TuneOptions,
): PolicyYield {
  const { features, probe, language, tokensPerChunk, similarities, contextMs } = hole;
  const { count } = policy.chooseChunks(features, probe, {
    lambda,
    msPerContextToken,
    tokensPerChunk,
    language,
  });
  const taken = Math.min(count, similarities.length - 1);
  const editSimilarity = similarities[taken]!;
  const spentMs = contextMs[taken]!;
  return {
    retrieved: taken > 0 ? 1 : 0,
    editSimilarity,
    contextMs: spentMs,
    utility: editSimilarity - (lambda * spentMs) / 100,
  };
}

function meanYield(yields: readonly PolicyYield[]): PolicyYield {
  const mean = (of: (each: PolicyYield) => number) =>
    yields.reduce((sum, each) => sum + of(each), 0) / Math.max(1, yields.length);
  return {
    retrieved: mean(({ retrieved }) => retrieved),
    editSimilarity: mean(({ editSimilarity }) => editSimilarity),
    contextMs: mean(({ contextMs }) => contextMs),
    utility: mean(({ utility }) => utility),
  };
}

/** Groups in the order of their first hole, dealt out in turn: the same holes give the same folds. */
function foldsOf(holes: readonly TuneHole[], folds: number): number[] {
  const numbers = new Map<string, number>();
  for (const { group } of holes) if (!numbers.has(group)) numbers.set(group, numbers.size % folds);
  return holes.map(({ group }) => numbers.get(group)!);
}

/** Mean, and its standard error where values of a group hang together. */
function clusteredMean(
  values: readonly number[],
  holes: readonly TuneHole[],
): { estimate: number; standardError: number } {
  const estimate = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  const sums = new Map<string, number>();
  values.forEach((value, at) => {
    const { group } = holes[at]!;
    sums.set(group, (sums.get(group) ?? 0) + value - estimate);
  });
  const squares = [...sums.values()].reduce((sum, each) => sum + each * each, 0);
  const correction = sums.size / Math.max(1, sums.size - 1);
  return { estimate, standardError: Math.sqrt(correction * squares) / Math.max(1, values.length) };
}

function mostFrequent(values: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0]?.[0] ?? '';
}
