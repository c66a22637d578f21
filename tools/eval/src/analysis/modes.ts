import { ALONE, type HoleResult } from '../results.js';
import { alwaysIndex, gainOf, hasContext, isHelpedAlong } from './outcomes.js';
import { depthsOf, looksFirst, saidBy, type PolicySpec } from './policies.js';

/** One outcome that a mode chooses, and how likely: 1 for all but the random mode. */
export interface Pick {
  readonly index: number;
  readonly weight: number;
}

/** A way to decide about context, and what it decides at each hole. */
export interface Mode {
  /** Unique: the name, with the threshold where it has one. */
  readonly key: string;
  readonly name: string;
  readonly label: string;
  readonly description: string;
  readonly threshold?: number;
  /** See {@link PolicySpec.options}. */
  readonly options?: string;
  /** `listed`: a policy that was asked about; `reference`: added for comparison, at usual thresholds. */
  readonly family: 'fixed' | 'listed' | 'reference' | 'random' | 'oracle';
  /** For each hole, in the order of the results; weights add up to 1. */
  readonly picks: readonly (readonly Pick[])[];
  /** How many chunks it asked for at each hole, Infinity for all; absent where it does not decide. */
  readonly depths?: readonly number[];
  /** Whether an abstention costs the search too. */
  readonly looksFirst: boolean;
  readonly decisionMs: number;
}

/** Thresholds of Selective_T that the paper used for lines, and that its own sweep prefers. */
const SELF_THRESHOLDS = [0.2, 0.3];
/** Shares of requests at which the best hit's similarity is judged where no threshold was asked about. */
const SIMILARITY_SHARES = [0.25, 0.5, 0.75];

/** Every mode that is judged: never, the policies, coin tosses as often as each, references, always, the oracles. */
export function modesOf(results: readonly HoleResult[], policies: readonly PolicySpec[]): Mode[] {
  const listed = policies.map((spec) => policyMode(results, spec, 'listed'));
  const keys = new Set(listed.map(({ key }) => key));
  const references = referencePolicies(results, policies)
    .map((spec) => policyMode(results, spec, 'reference'))
    .filter(({ key }) => !keys.has(key) && keys.add(key));
  const random = listed.map((mode) => randomMode(results, mode));
  return [
    neverMode(results),
    ...copyModes(results),
    ...listed,
    ...random,
    ...references,
    alwaysMode(results),
    ...oracleModes(results),
  ];
}

export function neverMode(results: readonly HoleResult[]): Mode {
  const picks = results.map((hole) => [{ index: isHelpedAlong(hole) ? ALONE : 0, weight: 1 }]);
  const texts = { key: 'never', name: 'never', label: 'never', description: 'Nothing is retrieved.' };
  return { ...texts, family: 'fixed', picks, looksFirst: false, decisionMs: 0 };
}

/** What policies abstain to, where that is more than never. */
function copyModes(results: readonly HoleResult[]): Mode[] {
  if (!results.some(isHelpedAlong)) return [];
  const description = 'Nothing is read; what was retrieved may be copied from. What the policies abstain to.';
  const texts = { key: 'copy', name: 'copy', label: 'copy, read nothing', description };
  const picks = results.map(() => [{ index: 0, weight: 1 }]);
  return [{ ...texts, family: 'fixed', picks, looksFirst: true, decisionMs: 0 }];
}

export function alwaysMode(results: readonly HoleResult[]): Mode {
  const picks = results.map((hole) => [{ index: alwaysIndex(hole), weight: 1 }]);
  const texts = {
    key: 'always',
    name: 'always',
    label: 'always',
    description: 'All context that was found.',
  };
  return { ...texts, family: 'fixed', picks, looksFirst: true, decisionMs: 0 };
}

/** A policy at its threshold. */
export function policyMode(
  results: readonly HoleResult[],
  spec: PolicySpec,
  family: 'listed' | 'reference',
): Mode {
  const depths = depthsOf(results, spec);
  const isScore = spec.says !== 'chunks';
  return {
    key: isScore ? `${spec.name}@${spec.threshold}` : spec.name,
    name: spec.name,
    label: spec.label,
    description: spec.description,
    ...(isScore && { threshold: spec.threshold }),
    ...(spec.options !== undefined && { options: spec.options }),
    family,
    depths,
    picks: results.map((hole, row) => [{ index: Math.min(depths[row] ?? 0, alwaysIndex(hole)), weight: 1 }]),
    looksFirst: looksFirst(spec) || results.some(isHelpedAlong),
    decisionMs: spec.decisionMs ?? 0,
  };
}

/**
 * Coin tosses at the rate of another mode: each hole for which something was found gets its context as often as
 * that mode uses it. Exact: every outcome counts by its probability. It decides without looking; where what was
 * retrieved may be copied from, it searches.
 */
export function randomMode(results: readonly HoleResult[], like: Mode): Mode {
  const rates = depthRates(results, like.depths ?? []);
  return {
    key: `random~${like.key}`,
    name: 'random',
    label: `random, as ${like.label}`,
    description: `Context at random, as often as “${like.label}” uses it; the exact expectation.`,
    family: 'random',
    looksFirst: results.some(isHelpedAlong),
    picks: results.map((hole) =>
      hasContext(hole)
        ? rates.map(({ depth, rate }) => ({ index: Math.min(depth, alwaysIndex(hole)), weight: rate }))
        : [{ index: 0, weight: 1 }],
    ),
    decisionMs: 0,
  };
}

/** How often each depth was asked for, among holes for which anything was found. */
export function depthRates(
  results: readonly HoleResult[],
  depths: readonly number[],
): { depth: number; rate: number }[] {
  const counts = new Map<number, number>();
  let total = 0;
  results.forEach((hole, row) => {
    if (!hasContext(hole)) return;
    const depth = depths[row] ?? 0;
    counts.set(depth, (counts.get(depth) ?? 0) + 1);
    total++;
  });
  return [...counts].sort(([a], [b]) => a - b).map(([depth, count]) => ({ depth, rate: count / total }));
}

function oracleModes(results: readonly HoleResult[]): Mode[] {
  const shared = { family: 'oracle', looksFirst: false, decisionMs: 0 } as const;
  return [
    {
      ...shared,
      key: 'oracle',
      name: 'oracle',
      label: 'oracle',
      description:
        'The better of never and always by edit similarity at each hole; without context on a tie.',
      picks: results.map((hole) => [{ index: gainOf(hole) > 0 ? alwaysIndex(hole) : 0, weight: 1 }]),
    },
    {
      ...shared,
      key: 'oracle-k',
      name: 'oracle-k',
      label: 'oracle, 0 to k chunks',
      description: 'The best number of chunks by edit similarity at each hole; the fewest on a tie.',
      picks: results.map((hole) => [{ index: bestIndex(hole), weight: 1 }]),
    },
  ];
}

function bestIndex(hole: HoleResult): number {
  let best = 0;
  hole.outcomes.forEach(({ editSimilarity }, index) => {
    const known = hole.outcomes[best]?.editSimilarity ?? 0;
    if (editSimilarity > known + 1e-9) best = index;
  });
  return best;
}

function referencePolicies(results: readonly HoleResult[], listed: readonly PolicySpec[]): PolicySpec[] {
  const references: PolicySpec[] = [];
  const isListed = (name: string) => listed.some((spec) => spec.name === name);
  if (results.some((hole) => saidBy(hole, 'self') !== undefined)) {
    for (const threshold of SELF_THRESHOLDS) {
      references.push({
        name: 'self',
        threshold,
        label: `Selective_T ${threshold}`,
        description: `The model’s own probability of the retrieval token, above ${threshold}.`,
      });
    }
    if (!isListed('self-greedy')) references.push(selfGreedy(results));
  }
  if (!isListed('similarity')) {
    const scores = results.map((hole) => saidBy(hole, 'similarity') ?? 0).sort((a, b) => a - b);
    for (const share of SIMILARITY_SHARES) {
      const threshold = round(scores[Math.max(0, Math.ceil((1 - share) * scores.length) - 1)] ?? 0);
      references.push({
        name: 'similarity',
        threshold,
        label: `similarity > ${threshold}`,
        description: `The best hit’s similarity, at the threshold that lets about ${share * 100} % pass.`,
      });
    }
  }
  return references;
}

/**
 * Selective_G retrieves where the retrieval token is the most probable one. Where only its probability was written
 * down, above one half is what can be known for certain.
 */
function selfGreedy(results: readonly HoleResult[]): PolicySpec {
  const known = results.some((hole) => hole.policies['self-greedy'] !== undefined);
  const how = known ? 'is the most probable one' : 'has more than half of the probability';
  return {
    name: known ? 'self-greedy' : 'self',
    threshold: 0.5,
    label: 'Selective_G',
    description: `Where the model’s retrieval token ${how}.`,
  };
}

/** Thresholds are read by people; rounding up keeps the share at most what was asked for. */
function round(threshold: number): number {
  return Math.ceil(threshold * 1000) / 1000;
}
