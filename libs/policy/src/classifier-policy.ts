import type { Decision } from '@repoformer/domain';
import type { FittedPolicy } from './fitted/fitted-policy.js';
import type { PolicyEvidence, RetrievalPolicy } from './policy.js';

/**
 * Retrieves where a policy that was fitted on labelled holes expects more than the evaluation costs, and as many
 * chunks as are worth theirs. Features that need no model come first; the model is asked only where its answer could
 * change the decision.
 */
export function createClassifierPolicy(fitted: FittedPolicy, ownThreshold?: number): RetrievalPolicy {
  const policy = 'classifier';
  const choose = ({ hole }: PolicyEvidence, threshold = ownThreshold) =>
    hole &&
    fitted.chooseChunks(hole.features, hole.probe, {
      ...hole.cost,
      ...(threshold !== undefined && { threshold }),
    });
  return {
    name: policy,
    needs: 'features',
    asksPolicyModel: fitted.prober !== undefined,
    defaultThreshold: ownThreshold ?? fitted.defaultThreshold,
    decide(evidence, threshold): Decision {
      const choice = choose(evidence, threshold);
      if (!choice) return { outcome: 'abstain', policy, reason: 'retrieval gave no answer' };
      return {
        outcome: choice.count > 0 ? 'retrieve' : 'abstain',
        probability: choice.probability,
        // A price can ask for more than certainty, or for less than nothing; both ends mean the same as beyond.
        threshold: Math.min(1, Math.max(0, choice.threshold)),
        ...(choice.count > 0 && { chunks: choice.count }),
        policy,
        reason: choice.reason,
      };
    },
    asks(evidence, threshold) {
      const choice = choose(evidence, threshold);
      if (!choice || !evidence.hole || evidence.hole.features.chunks.length === 0) return undefined;
      return fitted.isCertain(evidence.hole.features, choice.threshold) ? undefined : fitted.probeNeeds;
    },
  };
}
