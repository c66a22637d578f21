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
export { inputDigest, inputDigests, readLabels } from './label/label-holes.js';
export {
  chunkGains,
  gainInLikelihood,
  gainInSimilarity,
  parseLabelRecord,
  type LabelledVariant,
  type LabelRecord,
} from './label/label-record.js';
export { readLabelRun, type LabelRun } from './label/label-run.js';
export type { HoleRun, Probe, Variant } from './label/hole-run.js';
export { buildHoles, type BuildResult, type SourceRepository } from './build/build-holes.js';
export { ProgressLine, timeLeft } from './cli/progress-line.js';
export {
  defaultCacheDir,
  fetchCorpus,
  openLocalRepository,
  readCorpusTexts,
  readManifest,
  type CorpusRepository,
  type CorpusText,
  type TestCommand,
} from './corpus/index.js';
export { complaint, runCommand, type CommandResult } from './corpus/run-command.js';
export { safeName } from './corpus/safe-name.js';
export { writeRepository, type RepositoryFile } from './corpus/write-repository.js';
export { openCorpusIndex, type CorpusIndex } from './context/corpus-index.js';
export { fileError, JsonlWriter, readJsonl } from './files/jsonl.js';
export { seededRandom, type SeededRandom } from './files/seeded-random.js';
export { tryLock, type WorkLock } from './files/work-lock.js';
export { writeWhole } from './files/write-whole.js';
export { sampleHoles } from './holes/index.js';
export type { RunnableHole } from './label/hole-prompts.js';
export { HoleRunner } from './label/hole-runner.js';
export { labelHoles, type LabelProgress } from './label/label-holes.js';
export { describeLabelRun, openLabelRun } from './label/label-run.js';
export { openLabelModel, type LabelModel, type LabelModelOptions } from './label/open-label-model.js';
export { trainingSample, type SampleHead, type TrainingSample } from './samples/training-sample.js';
export { thisMachine } from './this-machine.js';
export { DEFAULT_RUN_SETTINGS, type RunSettings } from './label/run-settings.js';
export { atLeast, finiteNumber, share, wholeNumber } from './cli/number-flags.js';
export { runProgram } from './cli/run-program.js';
