import { LEADING_LINES, type Chunk, type WordStatistics } from '@repoformer/domain';
import { visibleText } from '@repoformer/fim';
import { jaccardOf, queryText, sliceLines, wordSet } from '@repoformer/retrieval';
import { DEFAULT_RUN_SETTINGS } from '../label/run-settings.js';
import { seededRandom, type SeededRandom } from '../files/seeded-random.js';
import type { ContextSource, Hole } from '../record.js';
import type { CorpusIndex } from './corpus-index.js';

/** Chunks kept of each hole: more than any budget holds. */
const CHUNKS = 6;

export interface ContextOptions {
  /** Share of holes whose query holds the truth too (the paper's second round of retrieval); default 0.5. */
  readonly withMiddleShare: number;
  /** Share of holes that get chunks drawn at random: context that cannot be expected to help. Default 0.1. */
  readonly randomShare: number;
}

export const DEFAULT_CONTEXT_OPTIONS: ContextOptions = { withMiddleShare: 0.5, randomShare: 0.1 };

export interface HoleContext {
  readonly source: ContextSource;
  readonly queriedWithMiddle: boolean;
  readonly chunks: readonly Chunk[];
  readonly retrieveMs: number;
  /** Of the words of a query without the truth, as the policy will have them. */
  readonly words: WordStatistics | undefined;
}

/** A source file of the repository, for drawing random chunks. */
export interface CorpusFile {
  readonly path: string;
  readonly text: string;
}

/**
 * The context of a hole from *other* files of its repository, by the product's own retriever. Which holes get the
 * truth in their query, and which random chunks, depends on the hole's id alone.
 */
export async function contextOf(
  hole: Hole,
  index: CorpusIndex,
  files: readonly CorpusFile[],
  options: ContextOptions,
): Promise<HoleContext> {
  const random = seededRandom(`context ${hole.id}`);
  const isRandom = random.next() < options.randomShare;
  const queriedWithMiddle = !isRandom && random.next() < options.withMiddleShare;
  const query = {
    retriever: 'bm25' as const,
    path: hole.path,
    suffix: hole.suffix,
    visible: visibleText(DEFAULT_RUN_SETTINGS.budgets),
    topK: CHUNKS,
    alignment: 'block' as const,
  };
  const startedAt = performance.now();
  const served = await index.retrieve({ ...query, prefix: hole.prefix });
  const retrieveMs = Number((performance.now() - startedAt).toFixed(2));
  if (isRandom) {
    return {
      source: 'random',
      queriedWithMiddle,
      chunks: randomChunks(hole, index, files, random),
      retrieveMs,
      words: served.words,
    };
  }
  const { chunks } = queriedWithMiddle
    ? await index.retrieve({ ...query, prefix: hole.prefix + hole.middle })
    : served;
  return { source: 'retrieved', queriedWithMiddle, chunks, retrieveMs, words: served.words };
}

/** Windows of other files, each with its true similarity to the query, best first. */
function randomChunks(
  hole: Hole,
  { options: { windowLines } }: CorpusIndex,
  files: readonly CorpusFile[],
  random: SeededRandom,
): Chunk[] {
  const others = files.filter(({ path, text }) => path !== hole.path && text.trim() !== '');
  const query = wordSet(queryText(hole.prefix, hole.suffix));
  const chunks: Chunk[] = [];
  for (let attempt = 0; attempt < 4 * CHUNKS && chunks.length < CHUNKS && others.length > 0; attempt++) {
    const { path, text } = others[random.below(others.length)]!;
    const lines = text.split('\n').length;
    const startLine = random.below(Math.max(1, lines - windowLines));
    const endLine = Math.min(lines, startLine + windowLines);
    const chunkText = sliceLines(text, startLine, endLine);
    if (chunkText.trim() === '') continue;
    const score = jaccardOf(query, wordSet(chunkText));
    const leading = sliceLines(text, Math.max(0, startLine - LEADING_LINES), startLine);
    chunks.push({ path, startLine, endLine, score, text: chunkText, leading });
  }
  return chunks.sort((a, b) => b.score - a.score);
}
