export { readCorpusTexts, type CorpusRepository, type CorpusText } from './corpus-repository.js';
export {
  defaultCacheDir,
  fetchCorpus,
  type CorpusProgress,
  type FetchCorpusOptions,
} from './fetch-corpus.js';
export { DROP_REASONS, type DropCounts, type DropReason } from './filter/judge-file.js';
export { openLocalRepository, type LocalRepositoryOptions } from './local-repository.js';
export type {
  CorpusEntry,
  CorpusLanguage,
  CorpusManifest,
  PackageEntry,
  PathEntry,
  TestCommand,
} from './manifest.js';
export { readManifest } from './parse-manifest.js';
export {
  printRepositories,
  proveDisjoint,
  type DisjointViolation,
  type RepositoryPrint,
} from './prove-disjoint.js';
