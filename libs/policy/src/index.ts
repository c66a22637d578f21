export {
  choosePolicy,
  DEFAULT_SELF_THRESHOLD,
  DEFAULT_SIMILARITY_THRESHOLD,
  forcedDecision,
  isPolicy,
  POLICY_NAMES,
  type PolicyChoice,
  type PolicyName,
} from './choose-policy.js';
export type { PolicyEvidence, PolicyNeed, RetrievalPolicy } from './policy.js';
export { createSelfGreedyPolicy, createSelfPolicy } from './self-policy.js';
export { createSimilarityPolicy } from './similarity-policy.js';
