import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutToLines, nonBlankLines } from './cut-to-lines.js';

describe('cutToLines', () => {
  it.each([
    ['a\nb\nc', 2, 'a\nb'],
    ['a\n\n  \nb\nc', 2, 'a\n\n  \nb'], // blank lines do not count and stay
    ['\n\n  a\nb', 1, '\n\n  a'],
    ['a\nb', 5, 'a\nb'],
    ['a\nb\n', 2, 'a\nb'],
    ['a', 0, ''],
    ['', 3, ''],
    ['a\r\nb\r\n', 1, 'a\r'],
  ])('%j cut to %i lines is %j', (text, lines, expected) => {
    expect(cutToLines(text, lines)).toBe(expected);
  });

  it('is a beginning that never has more lines than asked for, and no fewer than there are', () => {
    const text = fc.array(fc.constantFrom('a', '\n', ' ', 'bc', '\r\n')).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, fc.nat(6), (whole, lines) => {
        const cut = cutToLines(whole, lines);
        expect(whole.startsWith(cut)).toBe(true);
        expect(nonBlankLines(cut)).toBe(Math.min(lines, nonBlankLines(whole)));
      }),
    );
  });
});

describe('nonBlankLines', () => {
  it.each([
    ['', 0],
    ['  \n\t\n', 0],
    ['a', 1],
    ['a\n\nb\n', 2],
  ])('of %j: %i', (text, expected) => {
    expect(nonBlankLines(text)).toBe(expected);
  });
});
