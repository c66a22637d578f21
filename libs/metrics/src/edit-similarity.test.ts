import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editSimilarity } from './edit-similarity.js';
import { codePoints, levenshtein } from './levenshtein.js';

/** The textbook's table, a whole row at a time. */
function naive(a: readonly number[], b: readonly number[]): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  a.forEach((element, index) => {
    const next = [index + 1];
    b.forEach((other, column) => {
      const replaced = (row[column] as number) + (element === other ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] as number) + 1, (next[column] as number) + 1));
    });
    row = next;
  });
  return row[b.length] as number;
}

const distance = (a: string, b: string): number => levenshtein(codePoints(a), codePoints(b));

describe('levenshtein', () => {
  it.each([
    ['kitten', 'sitting', 3], // k->s, e->i, +g
    ['', 'abc', 3],
    ['', '', 0],
    ['flaw', 'lawn', 2], // -f, +n
    ['ab', 'ba', 2], // a swap is two steps
    ['😀', 'a', 1], // one character, though two UTF-16 code units
    ['a'.repeat(33), 'b'.repeat(65), 65], // over the edge of a word
  ])('%s, %s: %i', (a, b, expected) => {
    expect(distance(a, b)).toBe(expected);
  });

  it('agrees with the textbook on sequences around the size of a word', () => {
    const sequence = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 140 });
    fc.assert(
      fc.property(sequence, sequence, (a, b) => {
        expect(levenshtein(Uint32Array.from(a), Uint32Array.from(b))).toBe(naive(a, b));
      }),
      { numRuns: 300 },
    );
  });

  it('agrees with the textbook on a sequence and its edited copy', () => {
    const edits = fc.array(fc.tuple(fc.nat(299), fc.constantFrom('drop', 'add', 'change')), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(fc.array(fc.nat(50), { minLength: 300, maxLength: 300 }), edits, (original, changes) => {
        const copy = [...original];
        for (const [at, kind] of changes)
          copy.splice(at, kind === 'add' ? 0 : 1, ...(kind === 'drop' ? [] : [99]));
        const steps = levenshtein(Uint32Array.from(original), Uint32Array.from(copy));
        expect(steps).toBe(naive(original, copy));
        expect(steps).toBeLessThanOrEqual(changes.length);
      }),
      { numRuns: 50 },
    );
  });
});

describe('editSimilarity', () => {
  it('kitten, sitting: 3 steps over 7 characters leave 4/7', () => {
    expect(editSimilarity('kitten', 'sitting')).toBeCloseTo((100 * 4) / 7, 12);
  });

  it('does not see white space at the ends', () => {
    expect(editSimilarity('\n  return x\n\n', 'return x')).toBe(100);
    expect(editSimilarity('\u001c\u0085\u00a0x\u3000', 'x')).toBe(100);
  });

  it('sees white space inside: 1 step over 3 characters leaves 2/3', () => {
    expect(editSimilarity('a=b', 'ab')).toBeCloseTo((100 * 2) / 3, 12);
  });

  it('counts code points: 1 step over 2 characters leaves half', () => {
    expect(editSimilarity('😀b', '😁b')).toBe(50);
  });

  it('is 0 when all differs and 100 when nothing does, empty texts included', () => {
    expect(editSimilarity('', 'abc')).toBe(0);
    expect(editSimilarity('xyz', 'abc')).toBe(0);
    expect(editSimilarity('  ', '')).toBe(100);
  });
});
