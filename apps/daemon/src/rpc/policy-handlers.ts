import type { Decision, DecisionRequest } from '@repoformer/domain';
import { parseScoreRequest, toDecisionMessage } from '@repoformer/protocol';
import type { ServiceImplementation, PolicyService } from '@repoformer/protocol';

/** What the handler needs of the completion use case. */
export interface Scorer {
  score(query: DecisionRequest, signal: AbortSignal): Promise<{ decision: Decision; decideMs: number }>;
}

export function createPolicyHandlers(scorer: Scorer): ServiceImplementation<typeof PolicyService> {
  return {
    async score(message, context) {
      const { decision, decideMs } = await scorer.score(parseScoreRequest(message), context.signal);
      context.note({ decision: decision.outcome, policy: decision.policy });
      return { decision: toDecisionMessage(decision), decideMs };
    },
  };
}
