import { describe, expect, it } from 'vitest';
import { coverageOf } from './coverage.js';

const all = { beforeChars: 1_000, afterChars: 1_000 };
const hole = (prefix: string, middle: string, suffix: string, ...chunks: string[]) => ({
  prefix,
  middle,
  suffix,
  language: 'python',
  context: { chunks: chunks.map((text) => ({ text })) },
});

describe('coverageOf', () => {
  it('counts a name that only the chunk shows, once', () => {
    const chunk = 'def unrelated(): pass\nfetch_rows = 1';
    const [first, second] = coverageOf(hole('x = 1\nrows = ', 'fetch_rows(db)', '\n', chunk, chunk), all);
    expect(first).toBeGreaterThanOrEqual(0.4);
    expect(second).toBe(0);
    const seen = coverageOf(hole('fetch_rows\nrows = ', 'fetch_rows(db)', '\n', chunk), all);
    expect(seen[0]).toBeLessThan(0.4);
    const hidden = coverageOf(hole('fetch_rows\nrows = ', 'fetch_rows(db)', '\n', chunk), {
      beforeChars: 7,
      afterChars: 1,
    });
    expect(hidden[0]).toBeGreaterThanOrEqual(0.4);
  });

  it('completes the word at the cursor, and takes no keyword, string or short word for a name', () => {
    expect(coverageOf(hole('rows = fet', 'ch_rows(db)', '\n', 'fetch_rows'), all)[0]).toBeGreaterThan(0.4);
    const others = hole('for ', 'x in "fetch_rows":', '\n', 'while in x:\n  fetch_rows');
    expect(coverageOf(others, all)[0]).toBeLessThan(0.4);
  });

  it('is half the rise of the most similar line, over what is visible and the chunks before', () => {
    const truth = ['aa.b', 'c(1)'] as const;
    expect(coverageOf(hole(...truth, '\n', 'zz\n  aa.bc(1)'), all)).toEqual([0.5]);
    const half = coverageOf(hole(`aa.bWXYZ\n${truth[0]}`, truth[1], '\n', 'aa.bc(1)', 'aa.bc(1)'), all);
    expect(half).toEqual([0.25, 0]);
    // Not the rest of the line behind the hole, but the lines after it.
    expect(coverageOf(hole(...truth, '\naa.bc(1)', 'aa.bc(1)'), all)).toEqual([0]);
  });

  it('is nothing without chunks', () => {
    expect(coverageOf(hole('', 'x', ''), all)).toEqual([]);
  });
});
