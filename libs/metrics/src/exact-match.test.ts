import { describe, expect, it } from 'vitest';
import { exactMatch, tokenizeForMatch } from './exact-match.js';

describe('exactMatch', () => {
  it('splits words, symbols and humps', () => {
    expect(tokenizeForMatch('self.getValue2(x_1)+="ä"')).toEqual([
      ...['self', '.', 'get', 'Value2', '(', 'x_1', ')', '+', '=', '`', 'ä', '`'],
    ]);
  });

  it.each([
    ['f( a,b )', 'f(a, b)'],
    ['x = 1\n\n', '\tx=1'],
    ["print('a')", 'print("a")'],
  ])('%j is %j', (a, b) => {
    expect(exactMatch(a, b)).toBe(true);
  });

  it.each([
    ['f(a, b)', 'f(b, a)'],
    ['Value', 'value'],
    ['x = 1  # one', 'x = 1'],
    ['f(a, b', 'f(a, b)'],
    ['', 'x'],
    ['a_b', 'a b'],
    ['😀', '😁'],
  ])('%j is not %j', (a, b) => {
    expect(exactMatch(a, b)).toBe(false);
  });
});
