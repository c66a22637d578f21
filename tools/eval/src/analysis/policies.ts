import type { HoleResult } from '../results.js';

/** A policy at a threshold, as it is to be judged. */
export interface PolicySpec {
  /** The key in {@link HoleResult.policies}; `similarity` is also known by the best hit's score. */
  readonly name: string;
  /** Context is used iff what the policy says is above this. */
  readonly threshold: number;
  /** For people, short: it labels charts. */
  readonly label: string;
  readonly description: string;
  /** What to give the daemon to have it so, as on its command line. */
  readonly options?: string;
  /** `score` (the default): compared with the threshold. `chunks`: how many chunks to use, 0 to abstain. */
  readonly says?: 'score' | 'chunks';
  /**
   * Whether it looks at the hits before it decides, so that an abstention costs the search too. Default: all do
   * but `self` and `self-greedy`.
   */
  readonly looksFirst?: boolean;
  /** What asking it costs beyond the stages that are measured anyway. Milliseconds, default 0. */
  readonly decisionMs?: number;
}

/** The model's own token is read where the prompt's shared part ends: nothing is searched for an abstention. */
const SELF_SELECTING = new Set(['self', 'self-greedy']);

/** What a policy says at a hole; undefined where it gave no answer, which is to abstain. */
export function saidBy(hole: HoleResult, name: string): number | undefined {
  const said = hole.policies[name];
  if (said !== undefined) return said;
  return name === 'similarity' ? (hole.scores[0] ?? 0) : undefined;
}

/** Whether abstaining costs a policy the search too, by {@link PolicySpec.looksFirst} or its name. */
export function looksFirst(spec: Pick<PolicySpec, 'name' | 'looksFirst'>): boolean {
  return spec.looksFirst ?? !SELF_SELECTING.has(spec.name);
}

/** How many chunks a policy asks for at each hole: 0 to abstain, Infinity for all. */
export function depthsOf(results: readonly HoleResult[], spec: PolicySpec): number[] {
  return results.map((hole) => {
    const said = saidBy(hole, spec.name);
    if (said === undefined) return 0;
    if (spec.says === 'chunks') return Math.max(0, Math.round(said));
    return said > spec.threshold ? Infinity : 0;
  });
}
