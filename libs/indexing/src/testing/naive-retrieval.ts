import type { Chunk, RetrievalQuery } from '@repoformer/domain';
import {
  CodeBlocks,
  createNearDuplicateTest,
  lastLines,
  queryText,
  rankBlocks,
  rankChunks,
  sliceLines,
  splitLines,
  unseenText,
  weighWords,
  weightedQuery,
  WindowScore,
  wordSet,
  type RankedChunk,
} from '@repoformer/retrieval';

const wordsOf = (text: string): Set<string> => new Set(text.match(/[A-Za-z0-9_\u0080-\uffff]+/g) ?? []);

/** Every window of every file compared with the query, one by one; what an index may not differ from. */
export function retrieveNaively(
  files: ReadonlyMap<string, string>,
  query: RetrievalQuery,
  options: { readonly windowLines: number; readonly strideLines: number },
): Chunk[] {
  const { windowLines, strideLines } = options;
  const { path: current, prefix, suffix, visible } = query;
  const scoreOf = query.retriever === 'jaccard' ? jaccardWith(query) : weightedWith(query, files, options);
  const searched = new Map(files);
  for (const { path, content } of query.openBuffers) if (path !== '') searched.set(path, content);
  searched.delete(current);
  if (visible && current !== '') searched.set(current, unseenText(prefix, suffix, visible));
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
      const score = scoreOf(window);
      if (score > 0) found.push({ document, startLine: start, endLine: end, score });
      if (end === lines.length) break;
    }
    return found;
  });
  hits.sort((a, b) => b.score - a.score || a.document - b.document || a.startLine - b.startLine);
  const isUnwanted =
    query.path === ''
      ? createNearDuplicateTest(`${query.prefix}\n${query.suffix}`, 0.5)
      : createNearDuplicateTest(
          visible
            ? `${prefix.slice(Math.max(0, prefix.length - visible.beforeChars))}\n${suffix.slice(0, visible.afterChars)}`
            : `${lastLines(prefix, 5 * windowLines)}\n${sliceLines(suffix, 0, 5 * windowLines)}`,
        );
  const readLines = (document: number, start: number, end: number) =>
    sliceLines(documents[document]!.text, start, end);
  const { topK, alignment } = query;
  const blocksOfBest = (limit: number): RankedChunk[] => {
    const blocks = rankBlocks(hits.slice(0, limit), {
      ...{ topK, isUnwanted, readLines },
      blocksWithin: (document, range) => {
        const { text, lines } = documents[document]!;
        const read = (start: number, end: number) => sliceLines(text, start, end);
        return new CodeBlocks(read, lines.length, windowLines).within(range);
      },
      scoreOf: (text) => scoreOf(wordsOf(text)),
      compareDocuments: (a, b) => a - b,
    });
    return blocks.length === topK || hits.length <= limit ? blocks : blocksOfBest(4 * limit);
  };
  const chunks =
    alignment === 'block'
      ? blocksOfBest(topK + 16)
      : rankChunks(hits, {
          ...{ ...options, topK, alignment, isUnwanted, readLines },
          linesOf: (document) => documents[document]!.lines.length,
        });
  return chunks.map(({ document, ...chunk }) => {
    const { path, lines } = documents[document]!;
    const leading = lines.slice(Math.max(0, chunk.startLine - 12), chunk.startLine).join('\n');
    return { ...chunk, path, leading };
  });
}

type ScoreOf = (window: ReadonlySet<string>) => number;

function jaccardWith({ prefix, suffix }: RetrievalQuery): ScoreOf {
  const words = wordsOf(queryText(prefix, suffix));
  return (window) => {
    const shared = [...window].filter((word) => words.has(word)).length;
    return shared / (window.size + words.size - shared);
  };
}

/** Rarity is judged by what is committed, each content once. */
function weightedWith(
  { prefix, suffix }: RetrievalQuery,
  files: ReadonlyMap<string, string>,
  { windowLines, strideLines }: { readonly windowLines: number; readonly strideLines: number },
): ScoreOf {
  const windows = [...new Set(files.values())].flatMap((text) => {
    const lines = splitLines(text);
    const found: Set<string>[] = [];
    for (let start = 0; start < lines.length; start += strideLines) {
      found.push(wordsOf(lines.slice(start, start + windowLines).join('\n')));
      if (start + windowLines >= lines.length) break;
    }
    return found.filter(({ size }) => size > 0);
  });
  const query = weightedQuery(prefix, suffix);
  const names = [...wordsOf(`${prefix}\n${suffix}`)];
  const placeOf = (word: string) => {
    const { highs, lows } = wordSet(word);
    return query.words.highs.findIndex((high, i) => high === highs[0] && query.words.lows[i] === lows[0]);
  };
  const frequencies = new Uint32Array(query.words.size);
  for (const name of names) {
    const place = placeOf(name);
    if (place >= 0) frequencies[place] = windows.filter((window) => window.has(name)).length;
  }
  const sizes = windows.reduce((sum, { size }) => sum + size, 0);
  const averageSize = windows.length === 0 ? 0 : sizes / windows.length;
  const weighed = weighWords(query, frequencies, { count: windows.length, averageSize });
  const score = new WindowScore(weighed);
  return (window) => {
    const sum = [...window].reduce((total, word) => total + (weighed.weights[placeOf(word)] ?? 0), 0);
    return score.of(sum, window.size);
  };
}
