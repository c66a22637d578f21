import type { Decision } from '@repoformer/domain';
import type { Features } from './features/feature-view.js';
import type { CostModel } from './fitted/choose-chunks.js';
import type { ProbeNeeds } from './fitted/fitted-policy.js';
import type { Probe } from './fitted/model-features.js';

/** What is known of a hole when a policy is asked. */
export interface PolicyEvidence {
  /** Similarities of the retrieved windows, best first, in [0, 1]. Absent: retrieval gave no answer. */
  readonly scores?: readonly number[];
  /** P(retrieval token) of the policy model after the shared prefix, and whether it was the most probable token. */
  readonly self?: { readonly probability: number; readonly isArgmax: boolean };
  /** What a fitted policy looks at. Absent: retrieval gave no answer. */
  readonly hole?: {
    readonly features: Features;
    readonly cost: CostModel;
    /** What the policy's model says, once it was asked. */
    readonly probe?: Probe;
  };
}

/** What a policy must see before it can decide. */
export type PolicyNeed = 'scores' | 'self' | 'features';

/** Decides whether cross-file context is worth its prefill. Pure: the same evidence gives the same decision. */
export interface RetrievalPolicy {
  readonly name: string;
  readonly needs: PolicyNeed;
  /** Its own tuned threshold, in [0, 1]; undefined where it needs none. */
  readonly defaultThreshold: number | undefined;
  /** @param threshold overrides the policy's own */
  decide(evidence: PolicyEvidence, threshold?: number): Decision;
  /** Whether it asks another model than the generator. Only for policies that have `asks`. */
  readonly asksPolicyModel?: boolean;
  /** What to ask a model first, because it could change the decision; undefined: nothing. */
  asks?(evidence: PolicyEvidence, threshold?: number): ProbeNeeds | undefined;
}
