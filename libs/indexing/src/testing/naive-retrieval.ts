import type { Chunk, RetrievalQuery } from '@repoformer/domain';
import {
  createNearDuplicateTest,
  lastLines,
  queryText,
  rankChunks,
  sliceLines,
  splitLines,
} from '@repoformer/retrieval';

const wordsOf = (text: string): Set<string> => new Set(text.match(/[A-Za-z0-9_\u0080-\uffff]+/g) ?? []);

/** Every window of every file compared with the query, one by one; what an index may not differ from. */
export function retrieveNaively(
  files: ReadonlyMap<string, string>,
  query: RetrievalQuery,
  options: { readonly windowLines: number; readonly strideLines: number },
): Chunk[] {
  const { windowLines, strideLines } = options;
  const words = wordsOf(queryText(query.prefix, query.suffix));
  const searched = new Map(files);
  for (const { path, content } of query.openBuffers) if (path !== '') searched.set(path, content);
  searched.delete(query.path);
  const seen = new Set<string>();
  const documents = [...searched]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    // The same content at several paths is found at the least of them.
    .filter(([, text]) => !seen.has(text) && seen.add(text))
    .map(([path, text]) => ({ path, text, lines: splitLines(text) }));
  const hits = documents.flatMap(({ lines }, document) => {
    const found = [];
    for (let start = 0; start < lines.length; start += strideLines) {
      const end = Math.min(lines.length, start + windowLines);
      const window = wordsOf(lines.slice(start, end).join('\n'));
      const shared = [...window].filter((word) => words.has(word)).length;
      if (shared > 0) {
        const score = shared / (window.size + words.size - shared);
        found.push({ document, startLine: start, endLine: end, score });
      }
      if (end === lines.length) break;
    }
    return found;
  });
  hits.sort((a, b) => b.score - a.score || a.document - b.document || a.startLine - b.startLine);
  const isUnwanted =
    query.path === ''
      ? createNearDuplicateTest(`${query.prefix}\n${query.suffix}`, 0.5)
      : createNearDuplicateTest(
          `${lastLines(query.prefix, 5 * windowLines)}\n${sliceLines(query.suffix, 0, 5 * windowLines)}`,
        );
  return rankChunks(hits, {
    ...options,
    alignment: query.alignment,
    topK: query.topK,
    isUnwanted,
    linesOf: (document) => documents[document]!.lines.length,
    readLines: (document, start, end) => sliceLines(documents[document]!.text, start, end),
  }).map(({ document, ...chunk }) => {
    const { path, lines } = documents[document]!;
    const leading = lines.slice(Math.max(0, chunk.startLine - 12), chunk.startLine).join('\n');
    return { ...chunk, path, leading };
  });
}
