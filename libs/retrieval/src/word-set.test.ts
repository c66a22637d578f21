import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sortWords } from './sort-words.js';
import { jaccardOf, wordSet } from './word-set.js';

const unit = fc.constantFrom('a', 'Ab', '_x1', 'größe', '日本', '😀', ' ', '\n', '.', '-', '$', '\t', '(');
const text = fc.array(unit, { maxLength: 40 }).map((units) => units.join(''));
const naive = (source: string) => new Set(source.match(/[A-Za-z0-9_\u0080-\uffff]+/g) ?? []);

describe('wordSet', () => {
  it.each<[string, string, string, boolean]>([
    ['order and repetition', 'b a a', 'a b', true],
    ['anything between words', 'a.b($c)', 'a b c', true],
    ['case', 'Name', 'name', false],
    ['whole identifiers', 'snake_case1', 'snake case1', false],
    ['digits', '42', '43', false],
    ['characters beyond ASCII', 'größe', 'gr e', false],
    ['lone surrogates as their replacement', '\ud800', '\ufffd', true],
  ])('regards %s', (_, a, b, equal) => {
    expect(jaccardOf(wordSet(a), wordSet(b)) === 1).toBe(equal);
  });

  it('is the same for a string and for its UTF-8 bytes', () => {
    fc.assert(
      fc.property(text, (source) => {
        const words = wordSet(source);
        expect(wordSet(new TextEncoder().encode(source))).toEqual(words);
        expect(words.size).toBe(naive(source).size);
      }),
    );
  });

  it('gives the Jaccard similarity of the sets of words', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        const [wordsA, wordsB] = [naive(a), naive(b)];
        const shared = [...wordsA].filter((word) => wordsB.has(word)).length;
        const union = new Set([...wordsA, ...wordsB]).size;
        expect(jaccardOf(wordSet(a), wordSet(b))).toBe(union === 0 ? 0 : shared / union);
      }),
    );
  });

  it('tells 300,000 similar words apart, by halves that are no function of each other', () => {
    const names = Array.from({ length: 100_000 }, (_, n) => `a${n} x_${n}_y ${n.toString(36)}Z`);
    const { size, highs, lows } = wordSet(names.join('\n'));
    expect(size).toBe(300_000);
    // 300,000 values in 2^32 give about ten collisions in each half.
    for (const half of [highs, lows]) expect(new Set(half).size).toBeGreaterThan(size - 40);
    for (let bit = 0; bit < 32; bit++) {
      for (let other = 0; other < 32; other++) {
        let equal = 0;
        for (let i = 0; i < 20_000; i++)
          equal += (((highs[i * 15]! >>> bit) ^ (lows[i * 15]! >>> other)) & 1) ^ 1;
        expect(Math.abs(equal - 10_000)).toBeLessThan(450);
      }
    }
  });
});

describe('sortWords', () => {
  it('orders by the high half, then by the low half', () => {
    const half = fc.oneof(fc.integer({ min: -2, max: 2 }), fc.integer());
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(half, half), { selector: String }), (words) => {
        const order = sortWords(
          Int32Array.from(words, ([high]) => high),
          Int32Array.from(words, ([, low]) => low),
        );
        const expected = [...words].sort(([ha, la], [hb, lb]) => ha - hb || la - lb);
        expect([...order].map((word) => words[word])).toEqual(expected);
      }),
    );
  });
});
