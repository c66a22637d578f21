import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CopiedRuns } from './copied-runs.js';

const text = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, at) => `w${from + at}`).join(' ');

describe('CopiedRuns', () => {
  it('finds a run whatever its white space, and none that is shorter', () => {
    const suspects = [text(0, 30), text(100, 119), `${text(200, 219)} other`].map((each) => ({
      text: each,
      inView: [],
    }));
    const runs = new CopiedRuns(suspects, 20);
    expect([...runs.longEnough]).toEqual([0, 2]);
    runs.search(`before\n  ${text(5, 15)}\n\n${text(15, 25)} after ${text(100, 219)}`);
    expect([...runs.copied]).toEqual([[0, text(5, 25)]]);
  });

  it('does not count what was in view', () => {
    const runs = new CopiedRuns([{ text: text(0, 20), inView: [`x ${text(0, 40)}`] }], 20);
    runs.search(text(0, 20));
    expect(runs.longEnough.size).toBe(1);
    expect(runs.copied.size).toBe(0);
  });

  it('finds what comparing everything with everything finds', () => {
    const words = fc.array(fc.constantFrom('a', 'b', '(', ';'), { maxLength: 14 });
    fc.assert(
      fc.property(fc.array(words, { maxLength: 4 }), words, (suspects, searched) => {
        const runs = new CopiedRuns(
          suspects.map((each) => ({ text: each.join(' '), inView: [] })),
          3,
        );
        runs.search(searched.join(' '));
        const expected = suspects.flatMap((each, at) => {
          const has = each.some(
            (_, from) =>
              from + 3 <= each.length &&
              ` ${searched.join(' ')} `.includes(` ${each.slice(from, from + 3).join(' ')} `),
          );
          return has ? [at] : [];
        });
        expect([...runs.copied.keys()].sort()).toEqual(expected);
      }),
    );
  });
});
