import type { Decision } from '@repoformer/domain';
import type { PolicyEvidence, RetrievalPolicy } from './policy.js';

/**
 * Selective_T of the paper: retrieves iff the model's own P(retrieval token) exceeds a threshold.
 *
 * @param defaultThreshold in [0, 1]; the paper used 0.20 for lines, its sweep peaks at 0.30 to 0.35
 */
export function createSelfPolicy(defaultThreshold: number): RetrievalPolicy {
  const policy = 'self';
  return {
    name: policy,
    needs: 'self',
    defaultThreshold,
    decide({ self }, threshold = defaultThreshold) {
      if (!self) return unanswered(policy, threshold);
      const retrieve = self.probability > threshold;
      return {
        outcome: retrieve ? 'retrieve' : 'abstain',
        probability: self.probability,
        threshold,
        policy,
        reason: `the model gives retrieval ${self.probability.toFixed(3)}, ${retrieve ? 'above' : 'not above'} ${threshold.toFixed(2)}`,
      };
    },
  };
}

/** Selective_G of the paper: retrieves iff the retrieval token is the most probable one. A threshold turns it into Selective_T. */
export function createSelfGreedyPolicy(): RetrievalPolicy {
  const policy = 'self-greedy';
  return {
    name: policy,
    needs: 'self',
    defaultThreshold: undefined,
    decide(evidence: PolicyEvidence, threshold?: number): Decision {
      if (threshold !== undefined) return { ...createSelfPolicy(threshold).decide(evidence), policy };
      if (!evidence.self) return unanswered(policy, undefined);
      const { probability, isArgmax } = evidence.self;
      return {
        outcome: isArgmax ? 'retrieve' : 'abstain',
        probability,
        policy,
        reason: isArgmax
          ? 'retrieval is the most probable next token'
          : `another token than retrieval (${probability.toFixed(3)}) is the most probable`,
      };
    },
  };
}

function unanswered(policy: string, threshold: number | undefined): Decision {
  return {
    outcome: 'abstain',
    policy,
    ...(threshold !== undefined && { threshold }),
    reason: 'the policy model gave no answer',
  };
}
