import type { Gains } from './policy-document.js';

/** What using context costs here, and what is asked of it. */
export interface CostModel {
  /** As measured on this machine. Undefined: the cost is not known, and the threshold of the policy decides. */
  readonly msPerContextToken: number | undefined;
  /** Tokens of each chunk in the prompt, best first. */
  readonly tokensPerChunk: readonly number[];
  /** Points of edit similarity for every 100 ms: see {@link EAGERNESS}. */
  readonly lambda: number;
  /** Milliseconds that are left for evaluating context. Undefined: no limit. */
  readonly budgetMs?: number;
  /** Language id, for gains that differ by language. */
  readonly language?: string;
  /** Replaces the rule: context is used iff the probability exceeds it. */
  readonly threshold?: number;
}

/** How many chunks to use, and why. */
export interface ChunkChoice {
  readonly count: number;
  /** P(context helps). */
  readonly probability: number;
  /** What the probability had to exceed; above 1 when no probability is enough. */
  readonly threshold: number;
  /** Points of edit similarity, of `count` chunks; 0 for none. */
  readonly expectedGain: number;
  /** Milliseconds; 0 for none, or when the cost is not known. */
  readonly expectedCostMs: number;
  /** One line for people. */
  readonly reason: string;
}

export interface ChoiceInput {
  readonly probability: number;
  readonly gains: Gains;
  /** Where the cost is not known. */
  readonly defaultThreshold: number;
  /** Points of edit similarity that each chunk adds to those before it. Undefined: only the whole is known. */
  readonly chunkGains: readonly number[] | undefined;
  /** Chunks in the context that `probability` and `gains` are about; fewer where there are fewer. */
  readonly contextChunks: number;
  readonly cost: CostModel;
}

/**
 * Uses context iff its expected gain exceeds λ times its cost. With p the chance that it helps, g the mean gain then
 * and h the mean loss otherwise, that is p > (h + λ·ΔT) / (g + h).
 *
 * The gain of the first `contextChunks` is p·g - (1-p)·h; fewer chunks lack, and more chunks add, what each is
 * predicted to bring. Of the numbers of chunks that fit into the budget, the one with the greatest gain after costs
 * is taken.
 */
export function chooseChunks({
  probability,
  gains,
  defaultThreshold,
  chunkGains,
  contextChunks,
  cost,
}: ChoiceInput): ChunkChoice {
  const { helps, hurts } = gains;
  const count = cost.tokensPerChunk.length;
  const msPerToken = cost.msPerContextToken ?? 0;
  const lambda = cost.lambda / 100;
  const costs: number[] = [0];
  for (const tokens of cost.tokensPerChunk) costs.push(costs.at(-1)! + tokens * msPerToken);
  const none = (threshold: number, reason: string): ChunkChoice => ({
    count: 0,
    probability,
    threshold,
    expectedGain: 0,
    expectedCostMs: 0,
    reason,
  });

  const fitting = costs.filter((each) => each <= (cost.budgetMs ?? Infinity)).length - 1;
  const isPriced = cost.threshold === undefined && cost.msPerContextToken !== undefined;
  const thresholdOf = (taken: number) => (hurts + lambda * costs[taken]!) / (helps + hurts);
  const fixed = cost.threshold ?? defaultThreshold;
  if (count === 0) return none(isPriced ? thresholdOf(0) : fixed, 'nothing was found that could be used');
  if (fitting < 1) {
    const reason = `the first chunk takes ${format(costs[1]!)} ms, of which ${format(Math.max(0, cost.budgetMs ?? 0))} are left`;
    return none(isPriced ? thresholdOf(1) : fixed, reason);
  }

  const whole = probability * helps - (1 - probability) * hurts;
  const known = Math.min(contextChunks, count);
  const gainOf = (taken: number) =>
    whole -
    sum(chunkGains?.slice(taken, known) ?? []) +
    sum(chunkGains?.slice(known, Math.max(known, taken)) ?? []);
  // Without a prediction by chunk there is no telling where to stop: all that are known of and fit, or none.
  let best = chunkGains ? fitting : Math.min(known, fitting);
  if (chunkGains) {
    for (let taken = fitting - 1; taken >= 1; taken--) {
      if (gainOf(taken) - lambda * costs[taken]! >= gainOf(best) - lambda * costs[best]!) best = taken;
    }
  }
  const gain = gainOf(best);
  // The part of the gain that is not the whole's moves the threshold: the rule stays one comparison.
  const threshold = isPriced ? thresholdOf(best) - (gain - whole) / (helps + hurts) : fixed;
  const percent = `${(100 * probability).toFixed(0)} % chance to help`;
  const price = cost.msPerContextToken === undefined ? '' : ` for ${format(costs[best]!)} ms`;
  const needed = `${(100 * threshold).toFixed(0)} %`;
  if (!(probability > threshold)) return none(threshold, `${percent}, not above ${needed}${price}`);
  return {
    count: best,
    probability,
    threshold,
    expectedGain: gain,
    expectedCostMs: costs[best]!,
    reason: `${percent}, above ${needed}: ${best} of ${count} chunks${price}`,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function format(ms: number): string {
  return ms < 10 ? ms.toFixed(1) : ms.toFixed(0);
}
