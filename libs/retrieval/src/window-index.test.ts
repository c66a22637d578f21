import { AppError } from '@repoformer/domain';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeWindows } from './encode-windows.js';
import type { SearchOptions, WindowHit } from './best-hits.js';
import { WindowIndex } from './window-index.js';
import { splitLines } from './lines.js';
import type { WindowOptions } from './window-options.js';
import { weightedQuery } from './weighted-query.js';
import { weighWords, WindowScore } from './word-weights.js';
import { wordSet } from './word-set.js';

const encode = (text: string, options: WindowOptions) =>
  encodeWindows(new TextEncoder().encode(text), options).data;

const wordsOf = (text: string) => new Set(text.match(/[A-Za-z0-9_\u0080-\uffff]+/g) ?? []);

/** The definition, word for word. */
class NaiveIndex {
  readonly documents = new Map<number, string>();

  constructor(private readonly options: WindowOptions) {}

  *windows(): Iterable<{ document: number; startLine: number; endLine: number; words: Set<string> }> {
    const { windowLines, strideLines } = this.options;
    for (const [document, text] of this.documents) {
      const lines = splitLines(text);
      for (let startLine = 0; startLine < lines.length; startLine += strideLines) {
        const endLine = Math.min(lines.length, startLine + windowLines);
        const words = wordsOf(lines.slice(startLine, endLine).join('\n'));
        if (words.size > 0) yield { document, startLine, endLine, words };
        if (endLine === lines.length) break;
      }
    }
  }

  search(query: string, { topK, isExcluded, compareDocuments }: SearchOptions): WindowHit[] {
    const queried = wordsOf(query);
    const hits: WindowHit[] = [];
    for (const { document, startLine, endLine, words } of this.windows()) {
      const shared = [...queried].filter((word) => words.has(word)).length;
      if (shared === 0 || isExcluded?.(document, startLine, endLine)) continue;
      hits.push({ document, startLine, endLine, score: shared / (queried.size + words.size - shared) });
    }
    const compare = compareDocuments ?? ((a: number, b: number) => a - b);
    return hits
      .sort((a, b) => b.score - a.score || compare(a.document, b.document) || a.startLine - b.startLine)
      .slice(0, topK);
  }
}

/** Every window, each word by itself. */
function searchNaively(naive: NaiveIndex, text: string, cursor: number, options: SearchOptions): WindowHit[] {
  const windows = [...naive.windows()];
  const size = windows.reduce((sum, { words }) => sum + words.size, 0) / windows.length;
  const query = weightedQuery(text.slice(0, cursor), text.slice(cursor));
  // The cursor may stand within a word.
  const names = [...wordsOf(`${text.slice(0, cursor)}\n${text.slice(cursor)}`)];
  const frequencyOf = (word: string) => windows.filter(({ words }) => words.has(word)).length;
  const places = new Map<string, number>();
  const placeOf = (word: string) => {
    let place = places.get(word);
    if (place === undefined) {
      const { highs, lows } = wordSet(word);
      const { words } = query;
      place = words.highs.findIndex((high, i) => high === highs[0] && words.lows[i] === lows[0]);
      places.set(word, place);
    }
    return place;
  };
  const frequencies = new Uint32Array(query.words.size);
  for (const name of names) if (placeOf(name) >= 0) frequencies[placeOf(name)] = frequencyOf(name);
  const weighed = weighWords(query, frequencies, { count: windows.length, averageSize: size });
  const score = new WindowScore(weighed);
  const hits = windows.flatMap(({ words, ...place }) => {
    const sum = [...words].reduce((total, word) => total + (weighed.weights[placeOf(word)] ?? 0), 0);
    return sum > 0 ? [{ ...place, score: score.of(sum, words.size) }] : [];
  });
  return hits
    .filter(({ document, startLine, endLine }) => !options.isExcluded?.(document, startLine, endLine))
    .sort((a, b) => b.score - a.score || a.document - b.document || a.startLine - b.startLine)
    .slice(0, options.topK);
}

function searchWeighted(index: WindowIndex, text: string, cursor: number, options: SearchOptions) {
  const query = weightedQuery(text.slice(0, cursor), text.slice(cursor));
  const windows = { count: index.windowCount, averageSize: index.averageWindowSize };
  return index.searchWeighted(weighWords(query, index.frequenciesOf(query.words), windows), options);
}

function countWindows(naive: NaiveIndex, words: readonly string[]): Map<string, number> {
  const windows = [...naive.windows()];
  return new Map(words.map((word) => [word, windows.filter((window) => window.words.has(word)).length]));
}

/** Words of very different frequency, so that some are in every window and some in one. */
const word = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('self', 'return', 'if', 'x', 'i') },
  { weight: 3, arbitrary: fc.nat(30).map((n) => `name${n}`) },
  { weight: 1, arbitrary: fc.constantFrom('größe', '変数', 'Self', '_', '0x1F') },
  { weight: 1, arbitrary: fc.nat(2000).map((n) => `rare_${n}`) },
);
const line = fc
  .array(word, { maxLength: 5 })
  .chain((words) => fc.constantFrom(' ', '.', '(', ' + ').map((separator) => words.join(separator)));
const text = fc
  .tuple(fc.array(line, { maxLength: 24 }), fc.constantFrom('\n', '\r\n'), fc.boolean())
  .map(([lines, lineEnd, isEnded]) => lines.join(lineEnd) + (isEnded && lines.length > 0 ? lineEnd : ''));
const windowOptions = fc
  .tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 8 }))
  .map(([a, b]) => ({ windowLines: Math.max(a, b), strideLines: Math.min(a, b) }));
/** Sizes small enough that a few documents go through buffer, segments, merges and splitting. */
const tuning = fc.record({
  bufferWindows: fc.integer({ min: 1, max: 8 }),
  maxSegmentWindows: fc.integer({ min: 8, max: 64 }),
  // Without work of their own, merges stay unfinished until the sequence has a `compact`.
  workPerPosting: fc.constantFrom(0, 1, 24),
});
const id = fc.nat(12);
const operation = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('add' as const), id, text }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), id }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('compact' as const), budget: fc.constantFrom(1, 50, 500) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('save' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restore' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('search' as const),
      query: text,
      topK: fc.integer({ min: 0, max: 12 }),
      excluded: fc.option(id),
      isReversed: fc.boolean(),
    }),
  },
);

describe('WindowIndex', () => {
  it('equals a naive index after any sequence of changes', () => {
    fc.assert(
      fc.property(
        windowOptions,
        tuning,
        fc.array(operation, { minLength: 1, maxLength: 60 }),
        (options, sizes, operations) => {
          let index = new WindowIndex(options, sizes);
          const naive = new NaiveIndex(options);
          // Read only when it is restored, whatever has been changed since it was taken.
          let saved = { sections: index.snapshot(), documents: new Map(naive.documents) };
          for (const step of operations) {
            if (step.kind === 'save') {
              saved = { sections: index.snapshot(), documents: new Map(naive.documents) };
            } else if (step.kind === 'restore') {
              const bytes = [...saved.sections];
              index = WindowIndex.restore(options, bytes, sizes);
              naive.documents.clear();
              for (const [document, kept] of saved.documents) naive.documents.set(document, kept);
              saved = { sections: index.snapshot(), documents: new Map(naive.documents) };
            } else if (step.kind === 'add') {
              index.add(step.id, encode(step.text, options));
              naive.documents.set(step.id, step.text);
            } else if (step.kind === 'remove') {
              index.remove(step.id);
              naive.documents.delete(step.id);
            } else if (step.kind === 'compact') {
              index.compact(step.budget);
            } else {
              const search: SearchOptions = {
                topK: step.topK,
                isExcluded: (document, start) => document === step.excluded && start % 2 === 0,
                ...(step.isReversed ? { compareDocuments: (a: number, b: number) => b - a } : {}),
              };
              expect(index.search(wordSet(step.query), search)).toEqual(naive.search(step.query, search));
            }
            expect(index.windowCount).toBe([...naive.windows()].length);
          }
          const texts = [...naive.documents.values()];
          expect(index.lineCount).toBe(texts.reduce((sum, each) => sum + splitLines(each).length, 0));
          for (let each = 0; each <= 12; each++) expect(index.has(each)).toBe(naive.documents.has(each));
          for (const query of texts.slice(0, 3)) {
            expect(index.search(wordSet(query), { topK: 5 })).toEqual(naive.search(query, { topK: 5 }));
            const cursor = query.length >> 1;
            const search = { topK: 5, isExcluded: (document: number) => document === 3 };
            const expected = searchNaively(naive, query, cursor, search);
            expect(searchWeighted(index, query, cursor, search)).toEqual(expected);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('equals a naive index at sizes where words are bitmaps and segments large', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const options = { windowLines: 4, strideLines: 2 };
        const index = new WindowIndex(options, {
          bufferWindows: 64,
          maxSegmentWindows: 1000,
          workPerPosting: 24,
        });
        const naive = new NaiveIndex(options);
        const random = generator(seed);
        for (let step = 0; step < 260; step++) {
          const document = random(150);
          if (random(5) === 0) {
            index.remove(document);
            naive.documents.delete(document);
          } else {
            const added = randomText(random, random(60));
            index.add(document, encode(added, options));
            naive.documents.set(document, added);
          }
          if (step % 13 !== 0) continue;
          const query = randomText(random, 4);
          const expected = naive.search(query, { topK: 10 });
          expect(index.search(wordSet(query), { topK: 10 })).toEqual(expected);
          const restored = WindowIndex.restore(options, [...index.snapshot()]);
          expect(restored.search(wordSet(query), { topK: 10 })).toEqual(expected);
          const weighted = searchNaively(naive, query, query.length - 3, { topK: 10 });
          expect(searchWeighted(index, query, query.length - 3, { topK: 10 })).toEqual(weighted);
          expect(searchWeighted(restored, query, query.length - 3, { topK: 10 })).toEqual(weighted);
          // Those that reach it are found all the same.
          const minScore = weighted[random(10)]?.score ?? 0;
          const reaching = weighted.filter(({ score }) => score >= minScore);
          const found = searchWeighted(index, query, query.length - 3, { topK: 10, minScore });
          expect(found.slice(0, reaching.length)).toEqual(reaching);
        }
      }),
      { numRuns: 8 },
    );
  });

  it.each([
    ['a byte holds', 30],
    ['seven bits do not hold', 60],
    ['a byte does not hold', 200],
  ])('equals a naive index where windows share a number of words that %s', (_, lines) => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const options = { windowLines: lines, strideLines: lines >>> 1 };
        const tuning = { bufferWindows: 8, maxSegmentWindows: 100, workPerPosting: 24 };
        const index = new WindowIndex(options, tuning);
        const naive = new NaiveIndex(options);
        const random = generator(seed);
        const query = randomText(random, lines);
        for (let document = 0; document < 30; document++) {
          // Parts of the query among other words, so that much is shared, and more with some than with others.
          const all = query.split('\n');
          const kept = all.filter(() => random(31) > document);
          const added = [...kept, randomText(random, random(2 * lines))].join('\n');
          index.add(document, encode(added, options));
          naive.documents.set(document, added);
        }
        for (let document = 0; document < 30; document += 7) {
          index.remove(document);
          naive.documents.delete(document);
        }
        for (const topK of [1, 10, 1000]) {
          expect(index.search(wordSet(query), { topK })).toEqual(naive.search(query, { topK }));
        }
      }),
      { numRuns: 10 },
    );
  });

  it('tells in how many windows a word occurs, as a naive count does', () => {
    fc.assert(
      fc.property(fc.integer(), fc.boolean(), (seed, isRemoving) => {
        const options = { windowLines: 4, strideLines: 2 };
        const tuning = { bufferWindows: 16, maxSegmentWindows: 200, workPerPosting: 24 };
        const index = new WindowIndex(options, tuning);
        const naive = new NaiveIndex(options);
        const random = generator(seed);
        for (let document = 0; document < 40; document++) {
          const added = randomText(random, random(60));
          index.add(document, encode(added, options));
          naive.documents.set(document, added);
        }
        const words = [...wordsOf([...naive.documents.values()].join('\n')), 'not_there', 'two words', ''];
        expect(index.frequencies(words)).toEqual(countWindows(naive, words));
        if (!isRemoving) return;
        for (let document = 0; document < 40; document += 3) {
          index.remove(document);
          naive.documents.delete(document);
        }
        expect(index.frequencies(words)).toEqual(countWindows(naive, words));
      }),
      { numRuns: 20 },
    );
  });

  it.each([
    ['that a byte counts', 200],
    ['beyond a byte', 400],
    ['beyond two bytes', 66_000],
  ])('counts queries of as many words %s', (_, count) => {
    const options = { windowLines: 2, strideLines: 1 };
    const index = new WindowIndex(options, { bufferWindows: 2, maxSegmentWindows: 64, workPerPosting: 24 });
    const words = Array.from({ length: count }, (_, n) => `w${n}`);
    index.add(1, encode(`${words.join(' ')}\n`, options));
    index.add(2, encode(`${words.slice(0, -1).join(' ')} other\n`, options));
    index.add(3, encode('w0\nw1\nw2\n', options));
    const hits = index.search(wordSet(words.join('\n')), { topK: 3 });
    expect(hits.map(({ document, score }) => [document, score])).toEqual([
      [1, 1],
      [2, (count - 1) / (count + 1)],
      [3, 2 / count],
    ]);
  });

  it('splits a document over segments and replaces it as one', () => {
    const options = { windowLines: 1, strideLines: 1 };
    const index = new WindowIndex(options, { bufferWindows: 4, maxSegmentWindows: 8, workPerPosting: 24 });
    const numbered = (name: string) => Array.from({ length: 30 }, (_, n) => `${name}${n}\n`).join('');
    index.add(7, encode(numbered('a'), options));
    expect(index.segmentCount).toBeGreaterThan(1);
    expect(index.search(wordSet('a29'), { topK: 5 })).toEqual([
      { document: 7, startLine: 29, endLine: 30, score: 1 },
    ]);
    index.add(7, encode(numbered('b'), options));
    expect(index.search(wordSet('a0 a15 a29'), { topK: 5 })).toEqual([]);
    expect(index.search(wordSet('b15'), { topK: 5 })).toHaveLength(1);
    expect([index.windowCount, index.lineCount]).toEqual([30, 30]);
  });

  it('keeps few segments and gives memory back', () => {
    const options = { windowLines: 4, strideLines: 2 };
    const index = new WindowIndex(options, {
      bufferWindows: 16,
      maxSegmentWindows: 4096,
      workPerPosting: 24,
    });
    const empty = index.memoryBytes;
    const random = generator(5);
    for (let document = 0; document < 1500; document++) {
      index.add(document, encode(randomText(random, 20), options));
      // 3 below the fan-out in each of the 5 sizes, and those that wait for the merge in progress.
      expect(index.segmentCount).toBeLessThanOrEqual(24);
    }
    index.compact();
    const full = index.memoryBytes;
    for (let document = 0; document < 1500; document++) if (document % 10 !== 0) index.remove(document);
    expect(index.memoryBytes).toBeLessThan(full / 3);
    for (let document = 0; document < 1500; document++) index.remove(document);
    expect(index.memoryBytes).toBeLessThan(empty + 70_000);
    expect([index.windowCount, index.lineCount, index.segmentCount]).toEqual([0, 0, 0]);
  });

  it('stays small when one document is replaced again and again', () => {
    const options = { windowLines: 4, strideLines: 2 };
    const index = new WindowIndex(options, {
      bufferWindows: 16,
      maxSegmentWindows: 4096,
      workPerPosting: 24,
    });
    const random = generator(9);
    for (let step = 0; step < 500; step++) {
      index.add(step % 3, encode(randomText(random, 20), options));
      expect(index.segmentCount).toBeLessThanOrEqual(3);
    }
    expect(index.windowCount).toBe(27);
  });

  it('applies removals made while a merge is under way', () => {
    const options = { windowLines: 1, strideLines: 1 };
    const index = new WindowIndex(options, { bufferWindows: 8, maxSegmentWindows: 4096, workPerPosting: 0 });
    const lines = (name: string) => Array.from({ length: 8 }, (_, n) => `${name} ${n}`).join('\n');
    for (let document = 0; document < 4; document++)
      index.add(document, encode(lines(`d${document}`), options));
    expect(index.segmentCount).toBe(4);
    expect(index.compact(1)).toBe(true);
    index.remove(1);
    index.add(2, encode(lines('again'), options));
    expect(index.compact(1)).toBe(true);
    index.remove(3);
    expect(index.compact()).toBe(false);
    expect(index.segmentCount).toBe(2);
    const hits = index.search(wordSet('d0 d1 d2 d3 again 5'), {
      topK: 9,
      isExcluded: (_, start) => start !== 5,
    });
    expect(hits.map(({ document }) => document)).toEqual([0, 2]);
    expect(index.windowCount).toBe(16);
  });

  it('forgets a merge whose documents are all gone', () => {
    const options = { windowLines: 1, strideLines: 1 };
    const index = new WindowIndex(options, { bufferWindows: 1, maxSegmentWindows: 64, workPerPosting: 0 });
    for (let document = 0; document < 4; document++) index.add(document, encode(`d${document}`, options));
    expect(index.compact(1)).toBe(true);
    for (let document = 0; document < 4; document++) index.remove(document);
    expect(index.compact(0)).toBe(false);
    expect(index.segmentCount).toBe(0);
  });

  it('lets callbacks search the index they are called from', () => {
    const options = { windowLines: 1, strideLines: 1 };
    const index = new WindowIndex(options, { bufferWindows: 8, maxSegmentWindows: 64, workPerPosting: 24 });
    // More words than are kept as bitmaps, so that the counters matter.
    const words = (name: string) => Array.from({ length: 100 }, (_, n) => `${name}${n}`).join(' ');
    for (let document = 0; document < 8; document++)
      index.add(document, encode(words(`d${document}_`), options));
    expect(index.segmentCount).toBe(1);
    const query = Array.from({ length: 8 }, (_, document) => `d${document}_99 d${document}_98`).join(' ');
    const isExcluded = (document: number) =>
      document % 2 === 0 && index.search(wordSet(words('d0_')), { topK: 1 })[0]!.document === 0;
    index.search(wordSet(query), { topK: 8 });
    const hits = index.search(wordSet(query), { topK: 8, isExcluded });
    expect(hits.map(({ document, score }) => [document, score])).toEqual(
      [1, 3, 5, 7].map((document) => [document, 2 / 114]),
    );
  });

  it('leaves everything as it was when an addition fails', () => {
    const options = { windowLines: 2, strideLines: 1 };
    const index = new WindowIndex(options);
    index.add(1, encode('old words', options));
    const data = encode('new words', options);
    expect(() => index.add(1, data.subarray(0, -1))).toThrow(AppError);
    expect(() => index.add(1, encode('new words', { windowLines: 4, strideLines: 1 }))).toThrow(
      /windows of 4/,
    );
    expect(() => index.add(-1, data)).toThrow(/document/);
    expect(index.search(wordSet('old'), { topK: 1 })).toHaveLength(1);
    expect(index.windowCount).toBe(1);
  });

  it('refuses a snapshot that is damaged or of other windows', () => {
    const options = { windowLines: 2, strideLines: 1 };
    const index = new WindowIndex(options);
    index.add(1, encode('some words\nand more\nof them', options));
    const [head, segment] = [...index.snapshot()] as [Uint8Array, Uint8Array];
    const restore = (...sections: Uint8Array[]) => WindowIndex.restore(options, sections);
    const found = restore(head, segment.slice()).search(wordSet('more'), { topK: 1 });
    expect(found).toEqual(index.search(wordSet('more'), { topK: 1 }));
    // A view into a larger buffer may lie at any byte.
    const shifted = new Uint8Array([0, ...segment]).subarray(1);
    expect(restore(head, shifted).search(wordSet('more'), { topK: 1 })).toEqual(found);

    const refused: Uint8Array[][] = [
      [],
      [head.subarray(1), segment],
      [head, segment.slice(0, -1)],
      [head, segment.slice(0, 7)],
      [head, new Uint8Array([...segment, 0])],
      [head, new Uint8Array([9, ...segment.slice(1)])],
    ];
    for (const sections of refused) {
      expect(() => restore(...sections)).toThrow(expect.objectContaining({ kind: 'data_loss' }) as Error);
    }
    const other = { windowLines: 4, strideLines: 1 };
    expect(() => WindowIndex.restore(other, [head, segment])).toThrow(/of other windows/);
  });

  it('refuses a topK that is no count', () => {
    const index = new WindowIndex({ windowLines: 2, strideLines: 1 });
    for (const topK of [-1, 1.5, NaN, Infinity]) {
      expect(() => index.search(wordSet('a'), { topK })).toThrow(/topK/);
      expect(() => searchWeighted(index, 'a', 1, { topK })).toThrow(/topK/);
    }
  });
});

function generator(seed: number): (below: number) => number {
  let state = seed | 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return ((state >>> 8) * below) >>> 24;
  };
}

/** Lines of words with a skewed distribution: about a hundred common ones and many rare ones. */
function randomText(random: (below: number) => number, lines: number): string {
  const common = () => `c${Math.min(random(120), random(120))}`;
  return Array.from({ length: lines }, () =>
    Array.from({ length: random(8) }, () => (random(4) === 0 ? `r${random(5000)}` : common())).join(' '),
  ).join('\n');
}
