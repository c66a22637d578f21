import { splitLines } from '@repoformer/retrieval';
import type { Definition } from '../corpus/file-syntax.js';
import type { SyntaxCache } from '../corpus/syntax-cache.js';
import type { Chunker, ChunkRange } from '../ports.js';

/** A head that is longer is a list of parameters that nobody needs to see whole. */
const MAX_LINES = 6;

/** Besides another chunker's chunks, the heads of functions, classes and types, without their bodies. */
export function withSignatures(inner: Chunker, cache: SyntaxCache): Chunker {
  return {
    name: `${inner.name}-signatures`,
    chunk: async (file) => {
      const [chunks, syntax] = [await inner.chunk(file), await cache.of(file)];
      const lines = splitLines(file.text).length;
      const heads = (syntax?.definitions ?? [])
        .filter(({ name }) => name !== '')
        .map((definition) => signatureOf(definition))
        .filter(({ endLine }) => endLine <= lines);
      return [...chunks, ...heads].sort((a, b) => a.startLine - b.startLine || b.endLine - a.endLine);
    },
  };
}

function signatureOf({ startLine, endLine, bodyLine }: Definition): ChunkRange {
  const head = bodyLine === undefined ? startLine + 1 : Math.max(startLine + 1, bodyLine);
  return { startLine, endLine: Math.min(head, endLine, startLine + MAX_LINES), kind: 'signature' };
}
