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
export { createClassifierPolicy } from './classifier-policy.js';
export type { PolicyEvidence, PolicyNeed, RetrievalPolicy } from './policy.js';
export { createSelfGreedyPolicy, createSelfPolicy } from './self-policy.js';
export { createSimilarityPolicy } from './similarity-policy.js';
export { extractFeatures } from './features/extract-features.js';
export { familyOf } from './features/definitions.js';
export { readImports } from './features/imports.js';
export { estimateTokens } from './features/chunk-facts.js';
export { CHUNK_FEATURES, FEATURE_NAMES, HOLE_FEATURES } from './features/feature-names.js';
export { FEATURES_VERSION, MAX_CHUNKS, type Features, type FeatureView } from './features/feature-view.js';
export { chooseChunks, type ChoiceInput, type ChunkChoice, type CostModel } from './fitted/choose-chunks.js';
export { EAGERNESS, EAGERNESS_NAMES, type Eagerness } from './fitted/eagerness.js';
export { createFittedPolicy, type FittedPolicy, type ProbeNeeds } from './fitted/fitted-policy.js';
export { goldenValues } from './fitted/golden.js';
export {
  centreLogProbabilities,
  FIRST_TOKEN_TOP,
  firstTokenOf,
  logit,
  MODEL_FEATURES,
  modelFeatures,
  type Probe,
} from './fitted/model-features.js';
export { parsePolicy, parsePolicyDocument } from './fitted/parse-policy.js';
export {
  MIN_GOLDEN,
  POLICY_SCHEMA,
  type Calibration,
  type ChunkHead,
  type Gains,
  type GoldenVector,
  type LinearScorer,
  type PolicyDocument,
  type ProbabilityHead,
  type ProbedStage,
  type Readout,
  type ReadoutPlace,
  type Scorer,
  type Training,
  type Tree,
  type TreeScorer,
} from './fitted/policy-document.js';
export { calibrate, score, sigmoid } from './fitted/scorer.js';
