import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import {
  DEFAULT_WINDOW_OPTIONS,
  encodeWindows,
  WindowIndex,
  jaccardOf,
  lineCountOf,
  queryText,
  sliceLines,
  wordSet,
  type WordSet,
} from '@repoformer/retrieval';
import { openIndexFolder } from './index-folder.js';
import type { Rows } from './measurements.js';
import { ScratchClone } from './scratch-clone.js';
import { quantile, spread, timed } from './statistics.js';

/** Queries that are also answered by comparing with every window. */
const NAIVE_QUERIES = 10;
const TOP_K = 10;

interface Query {
  readonly path: string;
  readonly prefix: string;
  readonly suffix: string;
}

/** Retrieval on a clone of a repository: the search by itself, the whole retriever, and what else one could do. */
export async function measureSearch(path: string, queryCount: number): Promise<Rows> {
  const clone = ScratchClone.of(path);
  const index = await openIndexFolder(join(clone.folder, 'index'));
  try {
    const sources = clone.sources();
    const queries = drawQueries(clone, sources, queryCount);
    await index.add(clone.root);
    const retrieved: number[] = [];
    for (const query of queries) {
      retrieved.push((await timed(() => index.retrieve({ ...query, topK: TOP_K }))).ms);
    }
    const { files, lines, windows } = index.size;
    return [
      ['repository', `${files} files indexed, ${lines} lines, ${windows} windows`],
      [`retriever, top ${TOP_K} with their texts`, spread(retrieved, 'ms', 2)],
      ...searchAlone(clone, sources, queries),
      ['`git grep` for one word of the query', spread(grepTimes(clone, queries), 'ms', 0)],
    ];
  } finally {
    await index.close();
    clone.remove();
  }
}

/** The index of windows without anything around it, beside comparing with every window. */
function searchAlone(clone: ScratchClone, sources: readonly string[], queries: readonly Query[]): Rows {
  const options = DEFAULT_WINDOW_OPTIONS;
  const index = new WindowIndex(options);
  const windows: { document: number; startLine: number; words: WordSet }[] = [];
  sources.forEach((path, document) => {
    const text = clone.read(path);
    index.add(document, encodeWindows(Buffer.from(text), options).data);
    const lines = lineCountOf(text);
    for (let start = 0; start < lines; start += options.strideLines) {
      const words = wordSet(sliceLines(text, start, start + options.windowLines));
      if (words.size > 0) windows.push({ document, startLine: start, words });
      if (start + options.windowLines >= lines) break;
    }
  });
  const sets = queries.map(({ prefix, suffix }) => wordSet(queryText(prefix, suffix)));
  const search = (words: WordSet) => index.search(words, { topK: TOP_K });
  const searched = sets.map((words) => timeOf(() => search(words)).ms);
  let equal = 0;
  const naive: number[] = [];
  for (const words of sets.slice(0, NAIVE_QUERIES)) {
    const { value, ms } = timeOf(() =>
      windows
        .map((window) => ({ ...window, score: jaccardOf(words, window.words) }))
        .filter(({ score }) => score > 0)
        .sort((a, b) => b.score - a.score || a.document - b.document || a.startLine - b.startLine)
        .slice(0, TOP_K),
    );
    naive.push(ms);
    const found = search(words);
    const isEqual = (hit: (typeof value)[number], i: number) =>
      hit.document === found[i]?.document &&
      hit.startLine === found[i].startLine &&
      hit.score === found[i].score;
    if (found.length === value.length && value.every(isEqual)) equal++;
  }
  const ratio = quantile(naive, 0.5) / quantile(searched, 0.5);
  return [
    [`search alone, exact top ${TOP_K} of ${index.windowCount} windows`, spread(searched, 'ms', 2)],
    [
      'memory of the search index',
      `${(index.memoryBytes / 1e6).toFixed(0)} MB, ${(index.memoryBytes / index.windowCount).toFixed(0)} bytes a window`,
    ],
    [
      'comparing with every window',
      `${spread(naive, 'ms', 0)}; the index is ${ratio.toFixed(0)} times as fast, ${equal} of ${naive.length} answers are equal`,
    ],
  ];
}

/** How long git takes to find one word that the query holds. */
function grepTimes(clone: ScratchClone, queries: readonly Query[]): number[] {
  return queries.slice(0, NAIVE_QUERIES).flatMap(({ prefix, suffix }) => {
    const words = queryText(prefix, suffix).match(/\w{4,}/g) ?? [];
    const longest = words.sort((a, b) => b.length - a.length)[0];
    if (longest === undefined) return [];
    return timeOf(() => {
      try {
        execFileSync('git', ['grep', '--cached', '-c', '-w', '-F', longest], {
          cwd: clone.root,
          stdio: 'ignore',
        });
      } catch {
        // Not found is an answer, too.
      }
    }).ms;
  });
}

/** Places in random source files, the same ones each time. */
function drawQueries(clone: ScratchClone, sources: readonly string[], count: number): Query[] {
  let state = 42;
  const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const queries: Query[] = [];
  for (let attempt = 0; attempt < 20 * count && queries.length < count; attempt++) {
    const path = sources[Math.floor(random() * sources.length)]!;
    const text = clone.read(path);
    const at = Math.floor(random() * text.length);
    if (lineCountOf(text) < 30) continue;
    queries.push({ path, prefix: text.slice(0, at), suffix: text.slice(at) });
  }
  return queries;
}

function timeOf<T>(work: () => T): { value: T; ms: number } {
  const from = performance.now();
  const value = work();
  return { value, ms: performance.now() - from };
}
