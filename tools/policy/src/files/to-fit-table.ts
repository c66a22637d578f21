import { firstTokenOf } from '@repoformer/policy';
import type { HoleRecord, Probe } from '@repoformer/dataset';
import type { Coverage } from '../fit/coverage-worth.js';
import type { CoverageHole, FitHole, FitProbe, FitTable } from '../fit/fit-table.js';

/** The part of a hole's record that a fit needs: a hundredth of it. */
export interface FitRecord extends Pick<HoleRecord, 'id' | 'repository' | 'split' | 'language' | 'features'> {
  /** By `inputDigest`: a label of another text or context, which the hole once had, has another. */
  readonly input: string;
  readonly context: Pick<HoleRecord['context'], 'source' | 'queriedWithMiddle'>;
  /** By {@link coverageOf}. */
  readonly coverage: readonly Coverage[];
}

/** The part of a label that a fit needs. */
export interface FitLabel {
  /** Digest of what it was made from. */
  readonly input: string;
  readonly probes: { readonly decision: Probe; readonly first: Probe };
  /** Without context, then with ever more chunks. */
  readonly variants: readonly { readonly logLikelihood: number; readonly editSimilarity?: number }[];
}

export interface TableOptions {
  /** Whose log-probabilities the labels hold; undefined: no read-out is fitted. */
  readonly readoutTokens?: readonly number[];
  /** Most chunks in the labels' prompts. */
  readonly contextChunks?: number;
  /** Labels with more chunks, of some of the holes, to learn from what each further chunk adds. */
  readonly chunkLabels?: ReadonlyMap<string, Pick<FitLabel, 'input' | 'variants'>>;
  /** What another model said of the same holes, in place of the generator; `readoutTokens` are then its own. */
  readonly probeLabels?: ReadonlyMap<string, Pick<FitLabel, 'input' | 'probes'>>;
  /** Also holes whose context was found with the truth in the query: more of them, but not what is served. */
  readonly withSecondRound?: boolean;
}

/** How many holes were left out of a table, and why; and what else, of holes that are in it. */
export interface LeftOut {
  readonly unlabelled: number;
  /** Labelled when the hole had another text or context. */
  readonly stale: number;
  readonly benchmark: number;
  readonly randomContext: number;
  readonly secondRound: number;
  readonly withoutContext: number;
  readonly withoutCompletions: number;
  /** Further labels of holes in the table. */
  readonly staleChunkLabels: number;
  readonly staleProbes: number;
}

/** Log-probabilities below this carry no more than noise; a token of probability 0 has none. */
const LEAST_LOG = -40;

/** Makes a table of holes and the labels of what they now are. Holes of the benchmark never enter it. */
export function toFitTable(
  holes: readonly FitRecord[],
  labels: ReadonlyMap<string, FitLabel>,
  { readoutTokens, contextChunks, chunkLabels, probeLabels, withSecondRound = false }: TableOptions = {},
): { readonly table: FitTable; readonly leftOut: LeftOut } {
  const leftOut = {
    unlabelled: 0,
    stale: 0,
    benchmark: 0,
    randomContext: 0,
    secondRound: 0,
    withoutContext: 0,
    withoutCompletions: 0,
    staleChunkLabels: 0,
    staleProbes: 0,
  };
  const coverage: CoverageHole[] = [];
  const rows = holes.flatMap((hole): FitHole[] => {
    const { split, context, features } = hole;
    const skip = (reason: keyof LeftOut) => {
      leftOut[reason]++;
      return [];
    };
    if (split === 'benchmark') return skip('benchmark');
    if (context.source !== 'retrieved') return skip('randomContext');
    if (context.queriedWithMiddle && !withSecondRound) return skip('secondRound');
    if (split === 'train' && hole.coverage.length > 0) {
      const { id, repository } = hole;
      coverage.push({
        id,
        repository,
        holeFeatures: features.hole,
        chunkFeatures: features.chunks,
        coverage: hole.coverage.slice(0, features.chunks.length),
      });
    }
    const label = labels.get(hole.id);
    if (!label) return skip('unlabelled');
    if (label.input !== hole.input) return skip('stale');
    const { variants } = label;
    if (variants.length < 2) return skip('withoutContext');
    const [without, withAll] = [variants[0]!, variants.at(-1)!];
    if (without.editSimilarity === undefined || withAll.editSimilarity === undefined) {
      return skip('withoutCompletions');
    }
    const current = <T extends Pick<FitLabel, 'input'>>(found: T | undefined, stale: keyof LeftOut) => {
      if (!found || found.input === hole.input) return found;
      leftOut[stale]++;
      return undefined;
    };
    const further = chunkLabels ? current(chunkLabels.get(hole.id), 'staleChunkLabels') : label;
    const asked = probeLabels ? current(probeLabels.get(hole.id), 'staleProbes') : label;
    return [
      {
        id: hole.id,
        repository: hole.repository,
        split,
        language: hole.language,
        holeFeatures: features.hole,
        chunkFeatures: features.chunks,
        ...(asked && { probe: toProbe(asked.probes, readoutTokens) }),
        gainEs: withAll.editSimilarity - without.editSimilarity,
        gainLogLikelihood: withAll.logLikelihood - without.logLikelihood,
        chunkGains: marginalGains(further?.variants ?? []),
      },
    ];
  });
  return {
    table: {
      holes: rows,
      ...(coverage.length > 0 && { coverage }),
      ...(contextChunks !== undefined && { contextChunks }),
      ...(readoutTokens && { readoutTokens }),
    },
    leftOut,
  };
}

/** What each further chunk added to the truth's mean log-likelihood. */
function marginalGains(variants: FitLabel['variants']): number[] {
  return variants.slice(1).map(({ logLikelihood }, at) => logLikelihood - variants[at]!.logLikelihood);
}

function toProbe({ decision, first }: FitLabel['probes'], tokens: readonly number[] | undefined): FitProbe {
  const firstToken = firstTokenOf(first.top);
  const readouts = {
    ...readoutOf('decision', decision, tokens),
    ...readoutOf('first', first, tokens),
  };
  return {
    ...(decision.retrieve !== undefined && { decisionProbability: decision.retrieve }),
    ...(firstToken && { firstToken }),
    ...(Object.keys(readouts).length > 0 && { readouts }),
  };
}

function readoutOf(
  place: 'decision' | 'first',
  { readout }: Probe,
  tokens: readonly number[] | undefined,
): Partial<Record<typeof place, number[]>> {
  if (!tokens || readout === '') return {};
  const bytes = Buffer.from(readout, 'base64');
  const values = Array.from({ length: Math.floor(bytes.length / 4) }, (_, at) => bytes.readFloatLE(4 * at));
  // What was read for another list of tokens cannot be told apart from nonsense.
  if (values.length !== tokens.length) return {};
  return { [place]: values.map((value) => (value > LEAST_LOG ? value : LEAST_LOG)) };
}
