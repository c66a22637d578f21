import type { WindowHit } from './best-hits.js';
import { isNewText, type RankedChunk } from './rank-chunks.js';
import type { LineRange } from './unseen-text.js';

/** Of the best blocks so many are put together with neighbours among them. */
const JOINED_RANKS = 4;
/** Lines that they have together at most. */
const MAX_JOINED_LINES = 40;

export interface BlockRankOptions {
  /** Most chunks to return; default: all. */
  readonly topK?: number;
  /** The blocks of a document that have lines of a range, ascending; none when its text cannot be had. */
  readonly blocksWithin: (document: number, range: LineRange) => readonly LineRange[];
  /** Lines of a document joined by `\n`; undefined when they cannot be had. */
  readonly readLines: (document: number, startLine: number, endLine: number) => string | undefined;
  /** In [0, 1]; blocks of score 0 are dropped. */
  readonly scoreOf: (text: string) => number;
  /** Order of documents whose blocks score the same. */
  readonly compareDocuments: (a: number, b: number) => number;
  /** Leaves a chunk out, such as one that says what the current file says already. */
  readonly isUnwanted?: (text: string) => boolean;
}

/**
 * The blocks to show for the windows that matched: each block that one of them has lines of, by its own score
 * descending, then by document and line. Unwanted blocks are dropped, and of those that have the same text apart from
 * white space the first stays.
 */
export function rankBlocks(hits: readonly WindowHit[], options: BlockRankOptions): RankedChunk[] {
  const { topK = Infinity, blocksWithin, readLines, scoreOf, compareDocuments, isUnwanted } = options;
  const found = new Map<string, RankedChunk>();
  for (const { document, startLine, endLine } of hits) {
    for (const { from, to } of blocksWithin(document, { from: startLine, to: endLine })) {
      const key = `${document}:${from}`;
      if (found.has(key)) continue;
      const text = readLines(document, from, to);
      if (text === undefined) continue;
      found.set(key, { document, startLine: from, endLine: to, score: scoreOf(text), text });
    }
  }
  const ranked = [...found.values()]
    .filter(({ score }) => score > 0)
    .sort(
      (a, b) => b.score - a.score || compareDocuments(a.document, b.document) || a.startLine - b.startLine,
    );
  const isNew = isNewText();
  const chunks: RankedChunk[] = [];
  let taken = 0;
  for (const chunk of ranked) {
    if (chunks.length >= topK) break;
    if (isUnwanted?.(chunk.text) || !isNew(chunk.text)) continue;
    const joined = taken++ < JOINED_RANKS && joinNeighbour(chunks, chunk, options);
    if (!joined) chunks.push(chunk);
  }
  return chunks;
}

/** Puts a block together with one that nothing but blank lines is between. @returns whether there is one */
function joinNeighbour(
  chunks: RankedChunk[],
  { document, startLine, endLine }: RankedChunk,
  { blocksWithin, readLines }: BlockRankOptions,
): boolean {
  const areNeighbours = (from: number, to: number) => blocksWithin(document, { from, to }).length === 0;
  const at = chunks.findIndex((other) => {
    const isNeighbour =
      other.document === document &&
      (other.endLine <= startLine
        ? areNeighbours(other.endLine, startLine)
        : areNeighbours(endLine, other.startLine));
    const lines = Math.max(endLine, other.endLine) - Math.min(startLine, other.startLine);
    return isNeighbour && lines <= MAX_JOINED_LINES;
  });
  const other = chunks[at];
  if (other === undefined) return false;
  const from = Math.min(startLine, other.startLine);
  const to = Math.max(endLine, other.endLine);
  chunks[at] = { ...other, startLine: from, endLine: to, text: readLines(document, from, to)! };
  return true;
}
