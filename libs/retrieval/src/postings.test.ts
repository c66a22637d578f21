import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstPostingAt, sortPostings } from './postings.js';

const postings = fc.uniqueArray(fc.integer({ min: 0, max: 65_535 }), { maxLength: 60 });

describe('postings', () => {
  it('are put in order within their bounds, and found there', () => {
    fc.assert(
      fc.property(postings, postings, postings, (before, own, after) => {
        const all = Uint16Array.from([...before, ...own, ...after]);
        const [from, to] = [before.length, before.length + own.length];
        sortPostings(all, from, to);
        const sorted = [...own].sort((a, b) => a - b);
        expect([...all]).toEqual([...before, ...sorted, ...after]);
        for (const window of [0, 65_535, ...own, ...after]) {
          const expected = sorted.findIndex((each) => each >= window);
          expect(firstPostingAt(all, from, to, window)).toBe(from + (expected < 0 ? own.length : expected));
        }
      }),
    );
  });
});
