import { alignHit, type AlignedHit, type AlignOptions } from './align-hits.js';
import type { WindowHit } from './best-hits.js';

/** A hit with its text. */
export interface RankedChunk extends AlignedHit {
  /** The lines joined by `\n`, without a trailing line end. */
  readonly text: string;
}

export interface RankOptions extends AlignOptions {
  /** Most chunks to return; default: all. */
  readonly topK?: number;
  /** Lines of a document joined by `\n`; undefined when they cannot be had, which drops the chunk. */
  readonly readLines: (document: number, startLine: number, endLine: number) => string | undefined;
  /** Leaves a chunk out, such as one that says what the current file says already. */
  readonly isUnwanted?: (text: string) => boolean;
}

/**
 * The chunks to show for hits, in the order of the hits (best first). Blank and unwanted chunks are dropped.
 * Of chunks that overlap in one document, or that have the same text apart from white space at line ends, the
 * first stays. Text is read in order and only until there are `topK` chunks.
 */
export function rankChunks(hits: readonly WindowHit[], options: RankOptions): RankedChunk[] {
  const { topK = Infinity, readLines, isUnwanted } = options;
  const chunks: RankedChunk[] = [];
  const isNew = isNewText();
  for (const hit of hits) {
    if (chunks.length >= topK) break;
    const aligned = alignHit(hit, options);
    if (chunks.some((chunk) => overlaps(chunk, aligned))) continue;
    const text = readLines(aligned.document, aligned.startLine, aligned.endLine);
    if (text === undefined || text.trim() === '') continue;
    if (isUnwanted?.(text) || !isNew(text)) continue;
    chunks.push({ ...aligned, text });
  }
  return chunks;
}

/** Tells texts from those asked about before, apart from white space at line ends; what is new is remembered. */
export function isNewText(): (text: string) => boolean {
  const known = new Set<string>();
  return (text) => {
    const normalised = text.replace(/[^\S\n]+$/gm, '').trim();
    if (known.has(normalised)) return false;
    known.add(normalised);
    return true;
  };
}

function overlaps(a: AlignedHit, b: AlignedHit): boolean {
  return a.document === b.document && a.startLine < b.endLine && b.startLine < a.endLine;
}
