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
