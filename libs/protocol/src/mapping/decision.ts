import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Decision, DecisionOutcome as Outcome } from '@repoformer/domain';
import { DecisionOutcome } from '../gen/repoformer/v1/completion_pb.js';
import type { DecisionSchema } from '../gen/repoformer/v1/completion_pb.js';

const OUTCOMES = {
  retrieve: DecisionOutcome.RETRIEVE,
  abstain: DecisionOutcome.ABSTAIN,
} as const satisfies Record<Outcome, DecisionOutcome>;

/** A decision as it is sent. */
export function toDecisionMessage(decision: Decision): MessageInitShape<typeof DecisionSchema> {
  return {
    outcome: OUTCOMES[decision.outcome],
    policy: decision.policy,
    reason: decision.reason,
    ...(decision.probability !== undefined && { probability: decision.probability }),
    ...(decision.threshold !== undefined && { threshold: decision.threshold }),
    ...(decision.chunks !== undefined && { chunks: decision.chunks }),
  };
}
