import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lexCode } from './lexer.js';

describe('lexCode', () => {
  it('splits words, numbers, operators and quotes, and notes spaces', () => {
    const { tokens, spaces } = lexCode('const a_1 = b?.c === "x y"  // ä2');
    expect(tokens).toEqual(['const', 'a_1', '=', 'b', '?.', 'c', '===', '"', 'x', 'y', '"', '//', 'ä2']);
    expect(spaces).toEqual([0, 1, 1, 1, 0, 0, 1, 1, 0, 1, 0, 2, 1]);
  });

  it('tells line ends by how the indentation changes, blank lines aside', () => {
    const { tokens, indents } = lexCode('if a:\n    if b:\n\n        c\n    \n        d\ne\n    f');
    expect(tokens.filter((token) => token.startsWith('\n'))).toEqual(['\n>', '\n>', '\n=', '\n<2', '\n>']);
    expect(indents).toEqual(['', '    ']);
  });

  it('tells the indentation at an open end', () => {
    expect(lexCode('if a:\n    ', { open: true })).toMatchObject({
      tokens: ['if', 'a', ':', '\n>'],
      indents: ['', '    '],
    });
    expect(lexCode('if a:\n    ').tokens).toEqual(['if', 'a', ':']);
    expect(lexCode('  a\n  b').tokens).toEqual(['a', '\n=', 'b']);
    expect(lexCode('', { open: true }).tokens).toEqual([]);
  });

  it('loses nothing but white space', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', '1', ' ', '\n', '\t', '"', '=', '>', '😀', '$', '\r') }),
        (text) => {
          const { tokens, spaces } = lexCode(text);
          expect(spaces).toHaveLength(tokens.length);
          const kept = tokens.filter((token) => !token.startsWith('\n')).join('');
          expect(kept).toBe(text.replace(/\s/gu, ''));
        },
      ),
    );
  });
});
