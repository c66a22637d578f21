import { divideLines, indentedBlocks, isBlank, splitLines, type LineRange } from '@repoformer/retrieval';
import type { Chunker, ChunkRange } from '../ports.js';

/** Blocks between blank lines, put together up to `maxLines` (RLCoder's split and merge); longer ones are cut. */
export function blankLineBlocks(maxLines: number): Chunker {
  return {
    name: `blank-lines-${maxLines}`,
    chunk: ({ text }) => Promise.resolve(toChunks(divideAtBlankLines(splitLines(text), maxLines))),
  };
}

export function divideAtBlankLines(lines: readonly string[], maxLines: number): LineRange[] {
  return divideLines(
    lines,
    lines.map((line) => (isBlank(line) ? 1 : 0)),
    maxLines,
  );
}

/** Blocks as indentation shows them: those that the daemon shows. */
export function blocksByIndentation(maxLines: number): Chunker {
  return {
    name: `indented-${maxLines}`,
    chunk: ({ text }) => Promise.resolve(toChunks(indentedBlocks(splitLines(text), maxLines))),
  };
}

export function toChunks(ranges: readonly LineRange[]): ChunkRange[] {
  return ranges.map(({ from, to }) => ({ startLine: from, endLine: to, kind: 'code' }));
}
