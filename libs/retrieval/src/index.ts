export { encodeWindows, type EncodedWindows } from './encode-windows.js';
export type { SearchOptions, WindowHit } from './hit-collector.js';
export { JaccardIndex } from './jaccard-index.js';
export { lineCountOf, sliceLines, splitLines } from './lines.js';
export { createNearDuplicateTest } from './near-duplicate.js';
export { lastLines, queryText } from './query-text.js';
export { rankChunks, type RankedChunk, type RankOptions } from './rank-chunks.js';
export { DEFAULT_WINDOW_OPTIONS, MAX_WINDOW_LINES, type WindowOptions } from './window-options.js';
export { jaccardOf, wordSet, type WordSet } from './word-set.js';
