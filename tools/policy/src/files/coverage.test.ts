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
  it('has a name that only the chunk shows, once', () => {
    const chunk = 'def unrelated(): pass\nfetch_rows = 1';
    const parts = coverageOf(hole('x = 1\nrows = ', 'fetch_rows(db)', '\n', chunk, chunk), all);
    expect(parts.map(({ name }) => name)).toEqual([1, 0]);
    expect(parts[1]!.line).toBe(0);
    const far = hole('fetch_rows\nrows = ', 'fetch_rows(db)', '\n', chunk);
    expect(coverageOf(far, all)[0]!.name).toBe(0);
    expect(coverageOf(far, { beforeChars: 7, afterChars: 1 })[0]!.name).toBe(1);
  });

  it('completes the word at the cursor, and takes no keyword, string or short word for a name', () => {
    expect(coverageOf(hole('rows = fet', 'ch_rows(db)', '\n', 'fetch_rows'), all)[0]!.name).toBe(1);
    const others = hole('for ', 'x in "fetch_rows":', '\n', 'while in x:\n  fetch_rows');
    expect(coverageOf(others, all)[0]!.name).toBe(0);
  });

  it('has the rise of the most similar line, over what is visible and the chunks before', () => {
    const truth = ['aa.b', 'c(1)'] as const;
    const linesOf = (...parts: Parameters<typeof hole>) =>
      coverageOf(hole(...parts), all).map(({ line }) => line);
    expect(linesOf(...truth, '\n', 'zz\n  aa.bc(1)')).toEqual([1]);
    expect(linesOf(`aa.bWXYZ\n${truth[0]}`, truth[1], '\n', 'aa.bc(1)', 'aa.bc(1)')).toEqual([0.5, 0]);
    // Not the rest of the line behind the hole, but the lines after it.
    expect(linesOf(...truth, '\naa.bc(1)', 'aa.bc(1)')).toEqual([0]);
  });

  it('is nothing without chunks', () => {
    expect(coverageOf(hole('', 'x', ''), all)).toEqual([]);
  });
});
