import type { RetrievalPolicy } from './policy.js';

/**
 * Retrieves where the best hit is similar enough (the paper's "trial retrieval", section 5.2). Its probability is
 * the similarity itself: a rank, not a calibrated chance.
 *
 * @param defaultThreshold Jaccard similarity of the best window, in [0, 1]
 */
export function createSimilarityPolicy(defaultThreshold: number): RetrievalPolicy {
  return {
    name: 'similarity',
    needs: 'scores',
    defaultThreshold,
    decide({ scores }, threshold = defaultThreshold) {
      const policy = 'similarity';
      if (scores === undefined) {
        return { outcome: 'abstain', probability: 0, threshold, policy, reason: 'retrieval gave no answer' };
      }
      const best = scores[0];
      if (best === undefined) {
        return { outcome: 'abstain', probability: 0, threshold, policy, reason: 'nothing similar was found' };
      }
      const retrieve = best > threshold;
      return {
        outcome: retrieve ? 'retrieve' : 'abstain',
        probability: best,
        threshold,
        policy,
        reason: `best hit's similarity ${best.toFixed(2)} is ${retrieve ? 'above' : 'not above'} ${threshold.toFixed(2)}`,
      };
    },
  };
}
