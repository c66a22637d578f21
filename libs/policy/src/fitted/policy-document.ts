import type { Probe } from './model-features.js';

/** The only version of the document there is. */
export const POLICY_SCHEMA = 1;

/** score = bias + Σ weights · (x - mean) / scale. */
export interface LinearScorer {
  readonly kind: 'linear';
  readonly mean: readonly number[];
  readonly scale: readonly number[];
  readonly weights: readonly number[];
  readonly bias: number;
}

/**
 * One decision tree as flat arrays over its inner nodes, the root first: `x[feature] <= threshold ? left : right`.
 * A child that is not negative is an inner node, and comes later in the arrays; child -1 is `leaf[0]`, -2 `leaf[1]`
 * and so on. A tree of one leaf has no inner node.
 */
export interface Tree {
  readonly feature: readonly number[];
  readonly threshold: readonly number[];
  readonly left: readonly number[];
  readonly right: readonly number[];
  readonly leaf: readonly number[];
}

/** score = base + Σ of one leaf of each tree. */
export interface TreeScorer {
  readonly kind: 'trees';
  readonly base: number;
  readonly trees: readonly Tree[];
}

export type Scorer = LinearScorer | TreeScorer;

/**
 * From a score to a probability. `platt`: 1 / (1 + exp(-(a · score + b))). `isotonic`: straight lines between points
 * that rise in x and do not fall in y, constant outside them.
 */
export type Calibration =
  | { readonly kind: 'platt'; readonly a: number; readonly b: number }
  | { readonly kind: 'isotonic'; readonly x: readonly number[]; readonly y: readonly number[] };

/** Gives P(context helps). `inputs` are qualified names: `hole.bestScore`, `model.firstTokenEntropy`. */
export interface ProbabilityHead {
  readonly inputs: readonly string[];
  readonly scorer: Scorer;
  readonly calibration: Calibration;
}

/**
 * The virtual decision token: a linear read-out of the model's log-probabilities of fixed tokens, at the position
 * where a decision token would stand. From each the mean over the list is subtracted first, which leaves the logits
 * up to a constant; then as in {@link LinearScorer}.
 */
export interface Readout extends Omit<LinearScorer, 'kind'> {
  /** `decision`: where prefix and suffix end. `first`: after what is typed, where generation begins. */
  readonly place: ReadoutPlace;
  readonly tokens: readonly number[];
}

export type ReadoutPlace = 'decision' | 'first';

/** The stage that has seen the model's answer to the prefix. */
export interface ProbedStage {
  readonly head: ProbabilityHead;
  /** Present when an input is `model.readout`. */
  readonly readout?: Readout;
  /** Where the free stage's probability lies inside, this stage is worth asking. Absent: it always is. */
  readonly band?: readonly [low: number, high: number];
}

/** Predicts what adding a chunk brings after the better ones. Inputs: `chunk.…` and `hole.…`. */
export interface ChunkHead {
  readonly inputs: readonly string[];
  /** Its score is a gain in log-likelihood, nats per token of the truth. */
  readonly scorer: Scorer;
  /** Points of edit similarity that one nat per token is worth. */
  readonly pointsPerNat: number;
  /** Most chunks that the labels had: beyond them nothing is known. */
  readonly maxChunks: number;
}

/** Points of edit similarity (0 to 100). Both are means over labelled holes and not negative; `helps` is positive. */
export interface Gains {
  /** Gained where context helps. */
  readonly helps: number;
  /** Lost where it does not. */
  readonly hurts: number;
}

/** Where a policy comes from. Nothing in it depends on when or on which machine it was fitted. */
export interface Training {
  /** Of the labelled holes in the order of their ids. */
  readonly dataSha256: string;
  readonly repositories: number;
  readonly holes: number;
  readonly calibrationRepositories: number;
  readonly calibrationHoles: number;
  /** What counted as help: the label, and the gain that it had to exceed. */
  readonly target: string;
  readonly minimumGain: number;
  /** Cross-validated figures of what was chosen, by name. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** A hole's features and what the policy must make of them. */
export interface GoldenVector {
  readonly hole: readonly number[];
  readonly chunks: readonly (readonly number[])[];
  readonly probe?: Probe;
  readonly expected: {
    readonly free: number;
    readonly probed?: number;
    /** Points of edit similarity, one a chunk. */
    readonly chunkGains?: readonly number[];
  };
}

/** A fitted policy as it stands in `policies/*.json`. Read by `parsePolicy`, written by `repoformer-policy fit`. */
export interface PolicyDocument {
  readonly schema: typeof POLICY_SCHEMA;
  readonly name: string;
  /** The tables it was fitted with: must equal those of this build. */
  readonly features: {
    readonly version: number;
    readonly hole: readonly string[];
    readonly chunk: readonly string[];
  };
  /** The model whose completions were labelled. */
  readonly generator: { readonly name: string; readonly sha256?: string };
  /** The model that the probed stage asks, where that is another one; absent: the generator. */
  readonly prober?: { readonly name: string; readonly sha256?: string };
  readonly stages: {
    /** Asks no model. */
    readonly free: ProbabilityHead;
    readonly probed?: ProbedStage;
  };
  readonly chunks?: ChunkHead;
  /** Most chunks in the prompts whose gain the stages predict; without a chunk head, no more are used. */
  readonly contextChunks: number;
  /** By language id or family (`python`, `javascript`, `other`); `default` must be there. */
  readonly gains: Readonly<Record<string, Gains>>;
  /** Context is used above it where the cost is not known. */
  readonly threshold: number;
  readonly training: Training;
  /** At least {@link MIN_GOLDEN}; checked whenever the document is read. */
  readonly golden: readonly GoldenVector[];
}

export const MIN_GOLDEN = 8;
