export type { FileText, ReadRepositoryOptions, RepositoryText } from './read-repository.js';
export { repoEvalTasks, type RepoEvalOptions } from './repo-eval-tasks.js';
export { DEFAULT_WEIGHTS, sampleHoles, type SampleOptions } from './sample-holes.js';
export type { FileSkip } from './source-file.js';
