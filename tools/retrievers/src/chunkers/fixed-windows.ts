import { splitLines, type WindowOptions } from '@repoformer/retrieval';
import type { Chunker } from '../ports.js';

/** Windows of a number of lines, each a stride after the one before, as the daemon's index and the paper have them. */
export function fixedWindows({ windowLines, strideLines }: WindowOptions): Chunker {
  return {
    name: `windows-${windowLines}`,
    chunk: ({ text }) => {
      const lines = splitLines(text).length;
      const chunks = [];
      for (let startLine = 0; startLine < lines; startLine += strideLines) {
        const endLine = Math.min(lines, startLine + windowLines);
        chunks.push({ startLine, endLine, kind: 'code' as const });
        if (endLine === lines) break;
      }
      return Promise.resolve(chunks);
    },
  };
}
