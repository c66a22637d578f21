import type { ChunkAlignment } from '@repoformer/domain';
import type { WindowHit } from './best-hits.js';
import type { WindowOptions } from './window-options.js';

/** Lines of a document to show for a hit. Lines are 0-based, the end is exclusive. */
export interface AlignedHit {
  readonly document: number;
  readonly startLine: number;
  readonly endLine: number;
  /** Of the window that matched. */
  readonly score: number;
  /** First line of the window that matched, when these lines are those that follow it. */
  readonly matchedLine?: number;
}

export interface AlignOptions extends WindowOptions {
  readonly alignment: Exclude<ChunkAlignment, 'block'>;
  /** Number of lines of a document. */
  readonly linesOf: (document: number) => number;
}

/**
 * The lines to show for a hit: the window itself or, by fragment alignment (Repoformer, section 4: what came next
 * after similar code is what should come next here), the one that follows it in its file. Where less than a stride follows, that is
 * the last window of the file, which overlaps the hit; where nothing follows, it is the hit itself.
 */
export function alignHit(hit: WindowHit, options: AlignOptions): AlignedHit {
  const { document, startLine, endLine, score } = hit;
  const lines = options.linesOf(document);
  if (options.alignment === 'matched' || endLine >= lines) return { document, startLine, endLine, score };
  const following = lines - endLine;
  const next = following < options.strideLines ? startLine + options.strideLines : endLine;
  return {
    document,
    startLine: next,
    endLine: Math.min(lines, next + options.windowLines),
    score,
    matchedLine: startLine,
  };
}
