import type { HoleRecord } from '../record.js';
import { inputDigest } from './label-holes.js';
import { gainInLikelihood, gainInSimilarity, type LabelRecord } from './label-record.js';

/** What labels say, for a group of holes. */
export interface LabelStatistics {
  readonly group: string;
  readonly holes: number;
  readonly repositories: number;
  /** Shares of holes where context made the edit similarity better, worse, or left it. */
  readonly better: number;
  readonly same: number;
  readonly worse: number;
  /** Mean edit similarity, 0 to 100. */
  readonly without: number;
  readonly withContext: number;
  /** Always choosing the better one. */
  readonly oracle: number;
  /** Mean gain in the truth's log-likelihood, nats per token, and the share of holes above .02. */
  readonly likelihoodGain: number;
  readonly likelihoodHelps: number;
}

/** What labels say of a dataset's holes. */
export interface DatasetStatistics {
  /** All labelled holes first, then by split, kind, language and source of context. */
  readonly groups: readonly LabelStatistics[];
  /** Labels left out: their hole was built anew since, with other text or context. */
  readonly stale: number;
}

/** Statistics of the holes that have a label for what they are now. */
export function labelStatistics(
  holes: readonly HoleRecord[],
  labels: ReadonlyMap<string, LabelRecord>,
): DatasetStatistics {
  const groups = new Map<string, { hole: HoleRecord; label: LabelRecord }[]>();
  let stale = 0;
  for (const hole of holes) {
    const label = labels.get(hole.id);
    if (!label) continue;
    if (label.input !== inputDigest(hole)) {
      stale++;
      continue;
    }
    const names = ['all', hole.split, hole.kind, hole.language, `context ${hole.context.source}`];
    for (const name of names) groups.set(name, [...(groups.get(name) ?? []), { hole, label }]);
  }
  return { groups: [...groups].map(([group, members]) => statisticsOf(group, members)), stale };
}

function statisticsOf(
  group: string,
  members: readonly { readonly hole: HoleRecord; readonly label: LabelRecord }[],
): LabelStatistics {
  const written = members.flatMap(({ label }) => {
    const gain = gainInSimilarity(label);
    return gain === undefined ? [] : [{ gain, without: label.variants[0].editSimilarity! }];
  });
  const gains = members.map(({ label }) => gainInLikelihood(label));
  return {
    group,
    holes: members.length,
    repositories: new Set(members.map(({ hole }) => hole.repository)).size,
    better: mean(written, ({ gain }) => Number(gain > 0)),
    same: mean(written, ({ gain }) => Number(gain === 0)),
    worse: mean(written, ({ gain }) => Number(gain < 0)),
    without: mean(written, ({ without }) => without),
    withContext: mean(written, ({ without, gain }) => without + gain),
    oracle: mean(written, ({ without, gain }) => without + Math.max(0, gain)),
    likelihoodGain: mean(gains, (gain) => gain),
    likelihoodHelps: mean(gains, (gain) => Number(gain > 0.02)),
  };
}

function mean<T>(values: readonly T[], of: (value: T) => number): number {
  return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + of(value), 0) / values.length;
}
