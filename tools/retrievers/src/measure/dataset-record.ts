import type { HoleRecord } from '@repoformer/dataset';
import { LEADING_LINES, type Chunk, type WordStatistics } from '@repoformer/domain';
import { extractFeatures, FEATURES_VERSION } from '@repoformer/policy';
import { DEFAULT_WINDOW_OPTIONS, encodeWindows, queryText, WindowIndex } from '@repoformer/retrieval';
import { wordsOf } from '../corpus/words.js';
import type { SourceText, ShownSpan } from '../ports.js';
import type { PreparedHole } from './prepare-holes.js';

/** How common words are in a repository, as the daemon's index says it. */
export class RepositoryWords {
  readonly #index = new WindowIndex(DEFAULT_WINDOW_OPTIONS);

  constructor(texts: readonly SourceText[]) {
    const contents = new Set(texts.map(({ text }) => text));
    [...contents].forEach((text, at) => {
      this.#index.add(at, encodeWindows(new TextEncoder().encode(text), DEFAULT_WINDOW_OPTIONS).data);
    });
  }

  around(prefix: string, suffix: string): WordStatistics {
    return {
      windows: this.#index.windowCount,
      frequencies: this.#index.frequencies(wordsOf(queryText(prefix, suffix))),
    };
  }
}

/** A hole with other context: what a setup shows there, in its order, each span a chunk. Features are computed anew. */
export function recordWithContext(
  { record, request }: PreparedHole,
  spans: readonly ShownSpan[],
  retrieveMs: number,
  words: RepositoryWords,
): HoleRecord {
  const { path, language, prefix, suffix } = request;
  const chunks = spans.map(toChunk);
  const features = extractFeatures({
    path,
    language,
    prefix,
    suffix,
    chunks,
    words: words.around(prefix, suffix),
  });
  return {
    ...record,
    context: {
      source: 'retrieved',
      queriedWithMiddle: false,
      chunks,
      retrieveMs: Number(retrieveMs.toFixed(2)),
    },
    features: {
      version: FEATURES_VERSION,
      hole: features.hole.map(rounded),
      chunks: features.chunks.map((row) => row.map(rounded)),
    },
  };
}

function toChunk({ path, startLine, endLine, score, text, fileLines }: ShownSpan): Chunk {
  const leading = fileLines.slice(Math.max(0, startLine - LEADING_LINES), startLine).join('\n');
  return { path, startLine, endLine, score, text: text.join('\n'), leading };
}

/** Six digits say all that a feature has to say; as in the dataset. */
function rounded(value: number): number {
  return Number(value.toPrecision(6));
}
