export type {
  Candidate,
  Chunker,
  ChunkKind,
  ChunkRange,
  Ranking,
  RetrievalRequest,
  Retriever,
  ScoredCandidate,
  SelectionOptions,
  Selector,
  ShownSpan,
  SourceText,
} from './ports.js';
export { CHUNKER_NAMES, CHUNKERS, type ChunkerName } from './chunkers/chunker-table.js';
export { ChunkedRepository } from './corpus/chunked-repository.js';
export { readRepository, type Repository } from './corpus/repository.js';
export type { Embed } from './retrievers/dense-retriever.js';
export { fuse, fusedRetriever } from './retrievers/fused-retriever.js';
export {
  RETRIEVER_NAMES,
  RETRIEVERS,
  type RetrieverName,
  type RetrieverParts,
  type RetrieverRow,
} from './retrievers/retriever-table.js';
export { SELECTOR_NAMES, SELECTORS, type SelectorName } from './selection/selector-table.js';
export { lineTokens, spanTokens } from './selection/token-cost.js';
export { setupsOf, type Setup } from './measure/setup.js';
export {
  measureRepository,
  type HoleOutcome,
  type MeasureOptions,
  type RepositoryOutcome,
} from './measure/measure-repository.js';
export type { HoleOptions, PreparedHole } from './measure/prepare-holes.js';
export { newNamesOf, TRUTHS, type NewNames, type Truth } from './measure/truth.js';
export { defaultNameModel, NAME_FEATURES, parseNameModel, type NameModel } from './names/name-model.js';
export { fitNameModel, type NameChoice, type NameFit } from './names/fit-name-model.js';
export { summarise, type Estimate, type SetupRow, type Summary } from './measure/summarise.js';
export { summaryMarkdown } from './measure/summary-markdown.js';
