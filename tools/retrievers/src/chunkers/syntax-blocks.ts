import { divideLines, isBlank, splitLines, withWhatBelongs } from '@repoformer/retrieval';
import type { Definition, FileSyntax } from '../corpus/file-syntax.js';
import type { SyntaxCache } from '../corpus/syntax-cache.js';
import type { Chunker } from '../ports.js';
import { divideAtBlankLines, toChunks } from './line-blocks.js';

/** Definitions nested deeper are divided as if they were at this depth. */
const MAX_DEPTH = 8;
const BLANK_LINE = 1;

/**
 * Functions, classes and blocks as chunks: a file is divided at its outermost definitions first, one that is too long
 * at the definitions inside, then at blank lines; small neighbours are put together. Where there is no syntax to go by,
 * blocks between blank lines.
 */
export function syntaxBlocks(maxLines: number, cache: SyntaxCache): Chunker {
  return {
    name: `syntax-${maxLines}`,
    chunk: async (file) => {
      const lines = splitLines(file.text);
      const syntax = await cache.of(file);
      if (syntax === undefined) return toChunks(divideAtBlankLines(lines, maxLines));
      return toChunks(divideLines(lines, boundaryStrengths(lines, syntax), maxLines));
    },
  };
}

function boundaryStrengths(lines: readonly string[], { definitions }: FileSyntax): Uint8Array {
  const strengths = Uint8Array.from({ length: lines.length + 1 }, (_, line) =>
    isBlank(lines[line]) ? BLANK_LINE : 0,
  );
  const around: Definition[] = [];
  for (const definition of definitions) {
    while (around.length > 0 && around.at(-1)!.endLine <= definition.startLine) around.pop();
    const strength = BLANK_LINE + 1 + MAX_DEPTH - Math.min(MAX_DEPTH, around.length);
    const from = withWhatBelongs(lines, definition.startLine);
    strengths[from] = Math.max(strengths[from]!, strength);
    const { endLine } = definition;
    if (endLine <= lines.length) strengths[endLine] = Math.max(strengths[endLine]!, strength);
    around.push(definition);
  }
  return strengths;
}
