export type RetrievalMode = 'auto' | 'always' | 'never';
export type DecisionOutcome = 'retrieve' | 'abstain';

/** What a policy said, and why. */
export interface Decision {
  readonly outcome: DecisionOutcome;
  /** P(retrieval helps) in [0, 1]; absent when the mode forced the outcome. */
  readonly probability?: number;
  readonly threshold?: number;
  /** Name of the policy: "classifier", "self", "similarity", "always", "never". */
  readonly policy: string;
  /** Most chunks that are worth their evaluation, at least 1; absent: as many as the budget holds. */
  readonly chunks?: number;
  /** One line for people. */
  readonly reason: string;
}
