export type { FileText, ReadRepositoryOptions, RepositoryText } from './read-repository.js';
export { DEFAULT_WEIGHTS, sampleHoles, type SampleOptions } from './sample-holes.js';
export type { FileSkip } from './source-file.js';
