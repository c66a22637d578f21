import { describe, expect, it } from 'vitest';
import type { ChunkAlignment } from '@repoformer/domain';
import { alignHit } from './align-hits.js';
import { rankChunks, type RankOptions } from './rank-chunks.js';

const hit = (document: number, startLine: number, endLine: number, score = 0.5) => ({
  document,
  startLine,
  endLine,
  score,
});

describe('alignHit', () => {
  const align = (
    startLine: number,
    endLine: number,
    lines: number,
    alignment: Exclude<ChunkAlignment, 'block'> = 'following',
  ) =>
    alignHit(hit(1, startLine, endLine), {
      windowLines: 20,
      strideLines: 10,
      alignment,
      linesOf: () => lines,
    });

  it.each([
    ['the window that follows', 0, 20, 100, 20, 40, 0],
    ['what follows, where that is at least a stride', 0, 20, 30, 20, 30, 0],
    ['the last window, where less than a stride follows', 0, 20, 29, 10, 29, 0],
    ['the last window, where one line follows', 30, 50, 51, 40, 51, 30],
    ['the hit, where nothing follows', 40, 55, 55, 40, 55, undefined],
    ['the hit, where the document has become shorter', 40, 60, 45, 40, 60, undefined],
  ])('gives %s', (_, start, end, lines, expectedStart, expectedEnd, matchedLine) => {
    const aligned = align(start, end, lines);
    expect(aligned).toMatchObject({ startLine: expectedStart, endLine: expectedEnd, score: 0.5 });
    expect(aligned.matchedLine).toBe(matchedLine);
  });

  it('keeps the window that matched when asked to', () => {
    expect(align(0, 20, 100, 'matched')).toEqual(hit(1, 0, 20));
  });
});

describe('rankChunks', () => {
  const texts = new Map([
    [1, Array.from({ length: 60 }, (_, n) => `one ${n}`)],
    [2, Array.from({ length: 60 }, (_, n) => (n >= 20 && n < 40 ? '  ' : `two ${n}`))],
    [3, Array.from({ length: 60 }, (_, n) => `one ${n}  `)],
  ]);
  const options: RankOptions = {
    windowLines: 20,
    strideLines: 10,
    alignment: 'following' as const,
    linesOf: (document) => texts.get(document)?.length ?? 0,
    readLines: (document, start, end) => texts.get(document)?.slice(start, end).join('\n'),
  };
  const places = (hits: ReturnType<typeof hit>[], more: Partial<RankOptions> = {}) =>
    rankChunks(hits, { ...options, ...more }).map(({ document, startLine }) => [document, startLine]);

  it('carries the lines, the score and the line that matched', () => {
    expect(rankChunks([hit(1, 0, 20, 0.7)], options)).toEqual([
      {
        document: 1,
        startLine: 20,
        endLine: 40,
        score: 0.7,
        matchedLine: 0,
        text: texts.get(1)!.slice(20, 40).join('\n'),
      },
    ]);
  });

  it('keeps the better of chunks that overlap in one document', () => {
    expect(
      places([hit(1, 10, 30, 0.9), hit(1, 0, 20, 0.8), hit(2, 10, 30, 0.7), hit(1, 30, 50, 0.6)]),
    ).toEqual([
      [1, 30],
      [2, 30],
      // Ten lines follow line 50; they overlap nothing that is kept.
      [1, 50],
    ]);
  });

  it('drops blank chunks, and these hide no other', () => {
    expect(places([hit(2, 0, 20, 0.9), hit(2, 10, 30, 0.8)])).toEqual([[2, 30]]);
  });

  it('drops chunks of the same text, of unknown text and unwanted ones', () => {
    expect(places([hit(1, 0, 20), hit(3, 0, 20), hit(9, 0, 20)])).toEqual([[1, 20]]);
    expect(places([hit(1, 0, 20), hit(2, 20, 40)], { isUnwanted: (text) => text.includes('one') })).toEqual([
      [2, 40],
    ]);
  });

  it('reads no more than it needs', () => {
    let reads = 0;
    const readLines: RankOptions['readLines'] = (...range) => {
      reads++;
      return options.readLines(...range);
    };
    expect(places([hit(1, 0, 20), hit(2, 20, 40), hit(1, 30, 50)], { topK: 1, readLines })).toEqual([
      [1, 20],
    ]);
    expect(reads).toBe(1);
  });
});
