import { splitLines } from '@repoformer/retrieval';
import type { Chunker, ChunkRange } from '../ports.js';
import { divideLines, isBlank } from './divide-lines.js';

/** Blocks between blank lines, put together up to `maxLines` (RLCoder's split and merge); longer ones are cut. */
export function blankLineBlocks(maxLines: number): Chunker {
  return {
    name: `blank-lines-${maxLines}`,
    chunk: ({ text }) => Promise.resolve(divideAtBlankLines(splitLines(text), maxLines)),
  };
}

export function divideAtBlankLines(lines: readonly string[], maxLines: number): ChunkRange[] {
  return divideLines(
    lines,
    lines.map((line) => (isBlank(line) ? 1 : 0)),
    maxLines,
  );
}
