import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeWindows } from './encode-windows.js';
import { lineCountOf, sliceLines, splitLines } from './lines.js';
import { LiveText } from './live-text.js';
import type { UnseenLines } from './unseen-lines.js';
import { unseenText } from './unseen-text.js';
import { weightedQuery } from './weighted-query.js';
import { weighWords } from './word-weights.js';
import { WindowIndex } from './window-index.js';
import { wordSet } from './word-set.js';

const piece = fc.constantFrom(
  'get',
  'set user',
  'größe',
  '変数',
  '😀 x',
  'if (x1)',
  'MARK',
  '',
  '\r',
  '\n',
  '\n',
  '\r\n',
  ' ',
);
const text = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(''));
const edit = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), removed: fc.nat(30), added: text });
const windows = fc
  .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }))
  .map(([a, b]) => ({ windowLines: Math.max(a, b), strideLines: Math.min(a, b) }));
const seen = fc.record({ beforeChars: fc.nat(40), afterChars: fc.nat(40) });

const findMarks = (part: string) => Array.from(part.matchAll(/MARK/g), ({ index }) => index);
const bytesOf = (part: string) => new TextEncoder().encode(part).length;

/** Everything that is to be known of a text, by its definition. */
function expectToBe(unseen: UnseenLines, expected: string): void {
  expect(unseen.text).toBe(expected);
  expect(unseen.head(20)).toBe(expected.slice(0, 20));
  expect(unseen.length).toBe(expected.length);
  expect(unseen.lines).toBe(lineCountOf(expected));
  expect(unseen.sizeBytes).toBe(bytesOf(expected));
  const lines = expected.split('\n');
  expect(unseen.longestLineBytes).toBe(Math.max(...lines.map(bytesOf)));
  expect(unseen.markedText).toBe(lines.filter((line) => line.includes('MARK')).join('\n'));
}

describe('LiveText', () => {
  it('equals, after any edits, a text and an index made anew', () => {
    fc.assert(
      fc.property(
        text,
        fc.array(edit, { maxLength: 8 }),
        windows,
        seen,
        fc.array(fc.tuple(fc.nat(60), fc.nat(60)), { maxLength: 3 }),
        (first, edits, options, visible, slices) => {
          let content = first;
          let live = LiveText.of(content, '', findMarks);
          for (const { at, removed, added } of [{ at: 0, removed: 0, added: '' }, ...edits]) {
            const cursor = Math.round(at * content.length);
            content = content.slice(0, cursor) + added + content.slice(cursor + removed);
            const [prefix, suffix] = [content.slice(0, cursor), content.slice(cursor)];
            live = live.edited(prefix, suffix);
            expectToBe(live.whole(), content);
            const unseen = live.unseen(visible);
            const expected = unseenText(prefix, suffix, visible);
            expectToBe(unseen, expected);
            for (const [from, to] of slices)
              expect(unseen.slice(from, to)).toBe(sliceLines(expected, from, to));

            const index = new WindowIndex(options);
            index.add(0, encodeWindows(new TextEncoder().encode(expected), options).data);
            const words = wordSet(`get ${splitLines(content).slice(-2).join(' ')}`);
            const search = { topK: 4, isExcluded: (_: number, start: number) => start === 2 };
            expect(unseen.search(words, search, options)).toEqual(index.search(words, search));
            const query = weightedQuery(prefix, suffix);
            const counts = { count: index.windowCount, averageSize: index.averageWindowSize };
            const weights = weighWords(query, index.frequenciesOf(query.words), counts);
            expect(unseen.searchWeighted(weights, search, options)).toEqual(
              index.searchWeighted(weights, search),
            );
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('reads what was changed and no more', () => {
    const read: string[] = [];
    const lines = Array.from({ length: 20_000 }, (_, n) => `const value${n} = compute(${n});`);
    let live = LiveText.of(lines.join('\n'), '', (part) => {
      read.push(part);
      return [];
    });
    const edit = () => {
      const text = lines.join('\n');
      live = live.edited(text.slice(0, 200_000), text.slice(200_000));
    };
    read.length = 0;
    lines[12_345] += ' // typed';
    edit();
    lines.splice(12_346, 0, 'one more', 'and another');
    edit();
    lines.splice(100, 3);
    edit();
    expect(read.join('\n').length).toBeLessThan(500);
    expectToBe(live.whole(), lines.join('\n'));
  });

  it('forgets words that were typed and are gone', () => {
    const body = 'const a = 1;\n'.repeat(1_000);
    let live = LiveText.of(body, '');
    const { memoryBytes } = live;
    for (let n = 0; n < 30_000; n++) live = live.edited(`${body}typed${n}`, '');
    expect(live.memoryBytes).toBeLessThan(memoryBytes + 400_000);
  });

  it('leaves a former state as it was', () => {
    const before = LiveText.of('alpha\nbe', 'ta\ngamma\n');
    const unseen = before.whole();
    before.edited('alpha\nother\n', 'things\ngamma\n');
    expectToBe(unseen, 'alpha\nbeta\ngamma\n');
    expect(unseen.search(wordSet('beta'), { topK: 1 }, { windowLines: 1, strideLines: 1 })).toEqual([
      { document: 0, startLine: 1, endLine: 2, score: 1 },
    ]);
  });
});
