export {
  HOLE_KINDS,
  PREFIX_CHARS,
  SPLITS,
  SUFFIX_CHARS,
  type ContextSource,
  type Hole,
  type HoleKind,
  type HoleRecord,
  type Split,
} from './record.js';
export { readHoles } from './build/build-holes.js';
export { readLabels } from './label/label-holes.js';
export {
  chunkGains,
  gainInLikelihood,
  gainInSimilarity,
  parseLabelRecord,
  type LabelledVariant,
  type LabelRecord,
} from './label/label-record.js';
export { readLabelRun, type LabelRun } from './label/label-run.js';
export type { Probe } from './label/hole-run.js';
export { buildHoles, type BuildResult, type SourceRepository } from './build/build-holes.js';
export { ProgressLine } from './cli/progress-line.js';
export { openLocalRepository, readCorpusTexts, type CorpusRepository } from './corpus/index.js';
export { defaultCacheDir } from './corpus/index.js';
export { sampleHoles } from './holes/index.js';
export { HoleRunner } from './label/hole-runner.js';
export { labelHoles, type LabelProgress } from './label/label-holes.js';
export { describeLabelRun, openLabelRun } from './label/label-run.js';
export { openLabelModel, type LabelModel } from './label/open-label-model.js';
export { DEFAULT_RUN_SETTINGS, type RunSettings } from './label/run-settings.js';
export { runProgram } from './cli/run-program.js';
