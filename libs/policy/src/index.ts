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
export { extractFeatures } from './features/extract-features.js';
export { CHUNK_FEATURES, FEATURE_NAMES, HOLE_FEATURES } from './features/feature-names.js';
export { FEATURES_VERSION, MAX_CHUNKS, type Features, type FeatureView } from './features/feature-view.js';
