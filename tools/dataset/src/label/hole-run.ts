/** What a model made of one hole, with none and with ever more of its chunks. */
export interface HoleRun {
  readonly tokens: { readonly prefix: number; readonly suffix: number; readonly target: number };
  /** Evaluating prefix and suffix from an empty state. Milliseconds. */
  readonly sharedMs: number;
  readonly probes: {
    /** Where prefix and suffix end: the decision token's place. */
    readonly decision: Probe;
    /** After what is typed, without context: where generation begins. */
    readonly first: Probe;
  };
  /**
   * What comes of abstaining, which a model that is helped to copy does with all chunks at hand; then with the 1, 2, ... best
   * chunks in the prompt.
   */
  readonly variants: readonly [Variant, ...Variant[]];
  /** With nothing retrieved at all, where that is not what abstaining is. */
  readonly alone?: Variant;
}

/** What the model thinks of the next token at one place. */
export interface Probe {
  /** P of the retrieval token (`<cc>`), where the model has it. */
  readonly retrieve?: number;
  readonly isRetrieveArgmax?: boolean;
  /** P of the most probable tokens, highest first. */
  readonly top: readonly number[];
  /** Log-probabilities of the read-out's tokens: base64 of 32-bit floats, little-endian. */
  readonly readout: string;
}

export interface Variant {
  /** Chunks in the prompt; the last one may be cut to the budget. */
  readonly chunks: number;
  readonly contextTokens: number;
  /** Mean natural log-probability of the truth's tokens. */
  readonly logLikelihood: number;
  /** Evaluating this context behind prefix and suffix, or in front of them where the format has it there. */
  readonly contextMs: number;
  readonly completion?: {
    /** As the product's stop rules end it, with the truth's number of lines as limit (but for functions). */
    readonly text: string;
    readonly generatedTokens: number;
    readonly decodeMs: number;
    /** Whether the model ended it by itself. */
    readonly endedItself: boolean;
  };
}
