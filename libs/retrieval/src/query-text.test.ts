import { describe, expect, it } from 'vitest';
import { lastLines, queryText } from './query-text.js';

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `line${from + i}\n`).join('');

describe('queryText', () => {
  it('holds eight lines before the cursor, its own among them, and four below it', () => {
    const text = queryText(`${numbered(0, 30)}typed`, ` rest\n${numbered(40, 60)}`);
    expect(text.split('\n')).toEqual([
      ...numbered(23, 30).trim().split('\n'),
      'typed',
      ...numbered(40, 44).trim().split('\n'),
    ]);
  });

  it.each<[string, string, string]>([
    ['', '', '\n'],
    ['a', '', 'a\n'],
    ['a\nb', 'c', 'a\nb\n'],
    ['a', 'c\nd', 'a\nd'],
    ['a', '\nd\n', 'a\nd\n'],
    ['', '\n\n\n\n\n\ne', '\n\n\n\n'],
  ])('of %j and %j: %j', (prefix, suffix, expected) => {
    expect(queryText(prefix, suffix)).toBe(expected);
  });
});

describe('lastLines', () => {
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
  ])('of %j, %i lines: %j', (text, count, expected) => {
    expect(lastLines(text, count)).toBe(expected);
  });
});
