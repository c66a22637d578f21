import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  DEFAULT_WINDOW_OPTIONS,
  encodeWindows,
  WindowIndex,
  lineCountOf,
  queryText,
  sliceLines,
  weighWords,
  weightedQuery,
  wordSet,
  type WindowHit,
} from '@repoformer/retrieval';
import { openIndexFolder } from './index-folder.js';
import type { Rows } from './measurements.js';
import { NaiveSearch, type NaiveWindow } from './naive-search.js';
import { ScratchClone } from './scratch-clone.js';
import { quantile, spread, spreadOfTimings, timed, timeOf, type Timing } from './statistics.js';

/** Queries that are also answered by comparing with every window. */
const NAIVE_QUERIES = 10;
const TOP_K = 10;
/** Queries that are not counted: the first ones find nothing compiled and nothing read. */
const WARM_UP = 50;

interface Query {
  readonly path: string;
  readonly prefix: string;
  readonly suffix: string;
}

/** Retrieval on a clone of a repository: the search by itself, the whole retriever, and what else one could do. */
export async function measureSearch(
  path: string,
  options: { readonly queries: number; readonly lines: number },
): Promise<Rows> {
  const clone = ScratchClone.of(path);
  if (options.lines > 0) clone.enlarge(options.lines);
  const before = heldBytes();
  const index = await openIndexFolder(join(clone.folder, 'index'));
  try {
    const sources = clone.sources();
    const queries = drawQueries(clone, sources, options.queries + WARM_UP);
    await index.add(clone.root);
    const { files, lines, windows } = index.size;
    const held = heldBytes() - before;
    const retrieve = async (asked: readonly Query[]) => {
      const figures: Timing[] = [];
      for (const query of asked) {
        figures.push(await timed(() => index.retrieve({ ...query, topK: TOP_K })));
      }
      return figures.slice(Math.min(WARM_UP, figures.length >> 1));
    };
    return [
      ['repository', `${files} files indexed, ${lines} lines, ${windows} windows`],
      [
        'memory held with the index, files and paths included, without text',
        `${(held / 1e6).toFixed(0)} MB, ${(held / windows).toFixed(0)} bytes a window`,
      ],
      [`retriever, top ${TOP_K} with their texts`, spreadOfTimings(await retrieve(queries))],
      [
        'the same while typing in a file of 20,000 lines',
        spreadOfTimings(await retrieve(typedIn(longText(clone, sources), options.queries))),
      ],
      ...searchAlone(clone, sources, queries.slice(WARM_UP)),
    ];
  } finally {
    await index.close();
    clone.remove();
  }
}

/** What of JavaScript's memory is in use, after collecting garbage. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Source files one after the other. */
function longText(clone: ScratchClone, sources: readonly string[]): string {
  let text = '';
  for (let i = 0; i < sources.length && lineCountOf(text) < 20_000; i++) {
    const more = clone.read(sources[(i * 7919) % sources.length]!);
    if (text.length + more.length < 900_000) text += more;
  }
  return text;
}

/** Keys typed one after the other, here and there in a file. */
function typedIn(text: string, count: number): Query[] {
  const typed = '\n  const result = compute(argument, other);\n  return result.value';
  const random = generator();
  let at = 0;
  return Array.from({ length: count }, (_, n) => {
    const key = n % typed.length;
    if (key === 0) at = text.indexOf('\n', Math.floor(random() * text.length));
    const prefix = Buffer.from(text.slice(0, Math.max(0, at)) + typed.slice(0, key)).toString();
    return { path: 'typed.py', prefix, suffix: text.slice(Math.max(0, at)) };
  });
}

/** The index of windows without anything around it, beside comparing with every window, git and ripgrep. */
function searchAlone(clone: ScratchClone, sources: readonly string[], queries: readonly Query[]): Rows {
  const options = DEFAULT_WINDOW_OPTIONS;
  const index = new WindowIndex(options);
  const sets = queries.map(({ prefix, suffix }) => wordSet(queryText(prefix, suffix)));
  const naive = sets.slice(0, NAIVE_QUERIES).map((words) => new NaiveSearch(words, TOP_K));
  sources.forEach((path, document) => {
    const text = clone.read(path);
    index.add(document, encodeWindows(Buffer.from(text), options).data);
    const lines = lineCountOf(text);
    const windows: NaiveWindow[] = [];
    for (let start = 0; start < lines; start += options.strideLines) {
      windows.push({
        document,
        startLine: start,
        words: wordSet(sliceLines(text, start, start + options.windowLines)),
      });
      if (start + options.windowLines >= lines) break;
    }
    for (const search of naive) search.compare(windows);
  });
  const jaccard = sets.map((words) => timeOf(() => index.search(words, { topK: TOP_K })));
  const weighted = queries.map(({ prefix, suffix }) => timeOf(() => searchWeighted(index, prefix, suffix)));
  const equal = naive.filter((search) => search.equals(index.search(search.words, { topK: TOP_K }))).length;
  const naiveMs = naive.map(({ ms }) => ms);
  const searchMs = quantile(
    jaccard.map(({ ms }) => ms),
    0.5,
  );
  const beside = (times: readonly number[]) =>
    `${spread(times, 'ms', 0)}; the index is ${(quantile(times, 0.5) / searchMs).toFixed(0)} times as fast`;
  const perWindow = (bytes: number) => (bytes / index.windowCount).toFixed(1);
  const parts = Object.entries(index.memoryByPart).map(([part, bytes]) => `${part} ${perWindow(bytes)}`);
  return [
    [`search alone, exact top ${TOP_K} of ${index.windowCount} windows, Jaccard`, spreadOfTimings(jaccard)],
    ['the same by weighted words, counting them included', spreadOfTimings(weighted)],
    [
      'memory of the search index',
      `${(index.memoryBytes / 1e6).toFixed(0)} MB, ${perWindow(index.memoryBytes)} bytes a window: ${parts.join(', ')}`,
    ],
    ['comparing with every window', `${beside(naiveMs)}, ${equal} of ${naive.length} answers are equal`],
    ...grepRows(clone, queries, beside),
  ];
}

function searchWeighted(index: WindowIndex, prefix: string, suffix: string): WindowHit[] {
  const query = weightedQuery(prefix, suffix);
  const windows = { count: index.windowCount, averageSize: index.averageWindowSize };
  return index.searchWeighted(weighWords(query, index.frequenciesOf(query.words), windows), { topK: TOP_K });
}

/** How long others take to find one word of a query in the same files. */
function grepRows(
  clone: ScratchClone,
  queries: readonly Query[],
  beside: (times: readonly number[]) => string,
): Rows {
  const times = (command: string, ...args: readonly string[]) =>
    queries.slice(0, NAIVE_QUERIES).flatMap(({ prefix, suffix }) => {
      const words = queryText(prefix, suffix).match(/\w{4,}/g) ?? [];
      const longest = words.sort((a, b) => b.length - a.length)[0];
      if (longest === undefined) return [];
      // Not to be found is an answer, too; not to be started is none.
      const { value, ms } = timeOf(() =>
        spawnSync(command, [...args, longest], { cwd: clone.root, stdio: 'ignore' }),
      );
      return value.error ? [] : [ms];
    });
  const ripgrep = times('rg', '--count', '--word-regexp', '--fixed-strings');
  return [
    ['`git grep` for one word of the query', beside(times('git', 'grep', '--cached', '-c', '-w', '-F'))],
    ['ripgrep for the same in the checkout', ripgrep.length > 0 ? beside(ripgrep) : 'not on this machine'],
  ];
}

/** Places in random source files, the same ones each time. */
function drawQueries(clone: ScratchClone, sources: readonly string[], count: number): Query[] {
  const random = generator();
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

/** The same numbers in [0, 1) each time. */
function generator(): () => number {
  let state = 42;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}
