import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sourceText } from '../testing.js';
import { DuplicateIndex, fingerprint, NEAR_DUPLICATE_JACCARD } from './duplicate-index.js';
import { estimateJaccard, minHash } from './min-hash.js';
import { contentHash, jaccard, shingleSet, SHINGLE_WORDS } from './shingles.js';

const words = (text: string): string[] => text.match(/[\p{L}\p{N}_]+/gu) ?? [];

/** The definition, with strings and without hashes. */
function naiveShingles(text: string): Set<string> {
  const all = words(text);
  if (all.length === 0) return new Set();
  const count = Math.max(1, all.length - SHINGLE_WORDS + 1);
  return new Set(Array.from({ length: count }, (_, at) => all.slice(at, at + SHINGLE_WORDS).join(' ')));
}

function naiveJaccard(left: Set<string>, right: Set<string>): number {
  const all = new Set([...left, ...right]);
  const common = [...left].filter((one) => right.has(one)).length;
  return all.size === 0 ? 0 : common / all.size;
}

/** Texts of few words, which repeat. */
const text = fc
  .array(fc.constantFrom('a', 'b', 'ab', 'x1', 'été', '_', '日本', '+', '\n'), { maxLength: 60 })
  .map((parts) => parts.join(' '));

/** A text and an edited copy of it: some of its words replaced. */
const copies = fc
  .tuple(fc.string({ minLength: 3, maxLength: 8 }), fc.array(fc.nat(10_000), { maxLength: 40 }))
  .map(([seed, edits]) => {
    const original = words(sourceText(seed, 20));
    const edited = [...original];
    edits.forEach((edit, at) => (edited[edit % edited.length] = `edit${at}`));
    return [original.join(' '), edited.join(' ')] as const;
  });

describe('shingleSet', () => {
  it('has the members and similarities of the definition', () => {
    fc.assert(
      fc.property(text, text, (left, right) => {
        expect(shingleSet(left)).toHaveLength(naiveShingles(left).size);
        expect(jaccard(shingleSet(left), shingleSet(right))).toBe(
          naiveJaccard(naiveShingles(left), naiveShingles(right)),
        );
      }),
    );
  });

  it('tells words apart by where they end', () => {
    expect(shingleSet('ab c')).not.toEqual(shingleSet('a bc'));
    expect(shingleSet('a b c d e')).not.toEqual(shingleSet('b a c d e'));
  });
});

describe('contentHash', () => {
  it('does not depend on indentation, line ends or a last newline', () => {
    expect(contentHash('if x:\r\n\ty = 1\r\n')).toBe(contentHash('if x:\n    y = 1'));
    expect(contentHash('if x: y = 1')).not.toBe(contentHash('if x: y = 2'));
  });
});

describe('minHash', () => {
  it('estimates the exact similarity to within five standard deviations', () => {
    fc.assert(
      fc.property(copies, ([left, right]) => {
        const exact = jaccard(shingleSet(left), shingleSet(right));
        const estimate = estimateJaccard(minHash(shingleSet(left)), minHash(shingleSet(right)));
        expect(Math.abs(estimate - exact)).toBeLessThanOrEqual(5 * Math.sqrt(0.25 / 128));
        if (exact === 1) expect(estimate).toBe(1);
      }),
      { numRuns: 150, seed: 20_240_601 },
    );
  });

  it('is right in the mean, for sets that share little, half and much', () => {
    for (const share of [0.1, 0.5, 0.8, 0.95]) {
      let sum = 0;
      const runs = 60;
      for (let run = 0; run < runs; run++) {
        const member = (at: number) => shingleSet(`member ${run} ${at}`)[0]!;
        const size = 400;
        const common = Math.round((2 * size * share) / (1 + share));
        const left = Uint32Array.from({ length: size }, (_, at) => member(at)).sort();
        const right = Uint32Array.from({ length: size }, (_, at) => member(at + size - common)).sort();
        sum += estimateJaccard(minHash(left), minHash(right)) - jaccard(left, right);
      }
      // Standard error of the mean: 0.044 / sqrt(60) = 0.006.
      expect(Math.abs(sum / runs)).toBeLessThan(0.024);
    }
  });
});

describe('DuplicateIndex', () => {
  it('finds what comparing all pairs finds', () => {
    fc.assert(
      fc.property(fc.array(copies, { minLength: 1, maxLength: 5 }), (pairs) => {
        const index = new DuplicateIndex<number>();
        pairs.forEach(([original], at) => index.add(at, fingerprint(original)));
        for (const [original, edited] of pairs) {
          expect(index.find(fingerprint(original))).toMatchObject({ similarity: 1, isExact: true });
          const similarities = pairs.map(([other]) =>
            naiveJaccard(naiveShingles(other), naiveShingles(edited)),
          );
          const best = Math.max(...similarities);
          const hit = index.find(fingerprint(edited));
          if (best < NEAR_DUPLICATE_JACCARD) expect(hit).toBeUndefined();
          else expect(hit!.similarity).toBe(best);
        }
      }),
      { numRuns: 60, seed: 20_240_602 },
    );
  });

  it('takes texts without words for copies only when they are equal', () => {
    const index = new DuplicateIndex<string>();
    index.add('brackets', fingerprint('{ }\n'));
    expect(index.find(fingerprint('{  }'))).toMatchObject({ of: 'brackets', isExact: true });
    expect(index.find(fingerprint('[ ]'))).toBeUndefined();
  });
});
