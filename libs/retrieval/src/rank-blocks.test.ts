import { describe, expect, it } from 'vitest';
import { rankBlocks, type BlockRankOptions } from './rank-blocks.js';
import type { LineRange } from './unseen-text.js';

/** Lines by document; a line says what it is worth. */
const DOCUMENTS: Readonly<Record<number, readonly string[]>> = {
  1: ['1', '2', '0', '5', '0', '0', '0'],
  2: ['5 ', '0', '3', '3'],
  4: ['9'],
  5: ['1', '1', '', '4', '2', '3', ...Array.from({ length: 39 }, () => '0')],
};
const BLOCKS: Readonly<Record<number, readonly LineRange[]>> = {
  1: ranges([0, 2], [2, 3], [3, 4], [4, 5], [5, 7]),
  2: ranges([0, 1], [1, 2], [2, 4]),
  4: ranges([0, 1]),
  5: ranges([0, 2], [3, 4], [4, 5], [5, 45]),
};

function ranges(...pairs: readonly (readonly [number, number])[]): LineRange[] {
  return pairs.map(([from, to]) => ({ from, to }));
}

const options: BlockRankOptions = {
  blocksWithin: (document, { from, to }) =>
    (BLOCKS[document] ?? []).filter((block) => block.to > from && block.from < to),
  readLines: (document, start, end) =>
    document === 4 ? undefined : DOCUMENTS[document]!.slice(start, end).join('\n'),
  scoreOf: (text) => text.split('\n').reduce((sum, line) => sum + Number(line), 0) / 10,
  compareDocuments: (a, b) => b - a,
};

const hit = (document: number, startLine: number, endLine: number) => ({
  document,
  startLine,
  endLine,
  score: 0.1,
});
const ranked = (hits: Parameters<typeof rankBlocks>[0], more: Partial<BlockRankOptions> = {}) =>
  rankBlocks(hits, { ...options, ...more }).map(
    ({ document, startLine, endLine, score }) => `${document}:${startLine}-${endLine} ${score}`,
  );

describe('rankBlocks', () => {
  it('ranks each block that a window has lines of by its own score, and drops those without any', () => {
    expect(ranked([hit(1, 1, 3), hit(2, 3, 9), hit(1, 0, 7)])).toEqual([
      '2:2-4 0.6',
      '1:3-4 0.5',
      '1:0-2 0.3',
    ]);
    expect(ranked([hit(1, 2, 3)])).toEqual([]);
  });

  it('takes of equal ones those of the first document, and each text once', () => {
    expect(ranked([hit(1, 3, 4), hit(2, 0, 4)])).toEqual(['2:2-4 0.6', '2:0-1 0.5']);
    expect(ranked([hit(1, 3, 4), hit(2, 0, 4)], { compareDocuments: (a, b) => a - b })).toEqual([
      '2:2-4 0.6',
      '1:3-4 0.5',
    ]);
  });

  it('leaves out what is unwanted or cannot be read, and then takes the next', () => {
    const isUnwanted = (text: string) => text.startsWith('3');
    expect(ranked([hit(4, 0, 1), hit(1, 0, 7), hit(2, 0, 4)], { isUnwanted, topK: 1 })).toEqual([
      '2:0-1 0.5',
    ]);
    expect(ranked([hit(3, 0, 1)])).toEqual([]);
  });

  it('joins the best with neighbours among the best, up to 40 lines', () => {
    expect(ranked([hit(5, 0, 5)])).toEqual(['5:0-5 0.4']);
    expect(ranked([hit(5, 0, 45)])).toEqual(['5:0-5 0.4', '5:5-45 0.3']);
    const text = rankBlocks([hit(5, 0, 4)], options).map((chunk) => chunk.text);
    expect(text).toEqual(['1\n1\n\n4']);
  });
});
