import { describe, expect, it } from 'vitest';
import { queryText } from './query-text.js';

describe('queryText', () => {
  it.each<[string, number, string]>([
    ['', 2, ''],
    ['a', 2, 'a'],
    ['a\nb', 2, 'a\nb'],
    ['a\nb\nc', 2, 'b\nc'],
    ['a\nb\n', 2, 'b\n'],
    ['a\nb\n', 1, ''],
    ['a\r\nb\r\nc', 2, 'b\r\nc'],
    ['\n\n\n', 2, '\n'],
    ['\na', 1, 'a'],
    ['\na', 2, '\na'],
    ['\na', 3, '\na'],
    ['a\nb', 0, ''],
  ])('of %j, %i lines: %j', (prefix, lines, expected) => {
    expect(queryText(prefix, lines)).toBe(expected);
  });
});
