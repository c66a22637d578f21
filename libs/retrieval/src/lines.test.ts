import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lineCountOf, sliceLines, splitLines, TextLines } from './lines.js';

describe('lines', () => {
  it.each<[string, string[]]>([
    ['', []],
    ['\n', ['']],
    ['a', ['a']],
    ['a\n', ['a']],
    ['a\nb', ['a', 'b']],
    ['a\r\nb\r\n', ['a', 'b']],
    ['a\n\n', ['a', '']],
    ['a\rb\n', ['a\rb']],
  ])('%j are %j', (text, lines) => {
    expect(splitLines(text)).toEqual(lines);
    expect(lineCountOf(text)).toBe(lines.length);
    expect(lineCountOf(new TextEncoder().encode(text))).toBe(lines.length);
  });

  it('slices by the same numbers', () => {
    const text = fc
      .array(fc.constantFrom('a', '\n', '\r\n', 'ß'), { maxLength: 20 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, fc.nat(12), fc.nat(12), (source, start, end) => {
        const expected = splitLines(source).slice(start, end).join('\n');
        expect(sliceLines(source, start, end)).toBe(expected);
        expect(new TextLines(source).slice(start, end)).toBe(expected);
      }),
    );
  });
});
