import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePosition, splitAt } from './position.js';

describe('parsePosition', () => {
  it.each([
    ['a.ts:3', { file: 'a.ts', line: 3, column: undefined }],
    ['a.ts:3:7', { file: 'a.ts', line: 3, column: 7 }],
    ['my file:3', { file: 'my file', line: 3, column: undefined }],
    ['a:b.ts:3:7', { file: 'a:b.ts', line: 3, column: 7 }],
    ['a:1:2:3', { file: 'a:1', line: 2, column: 3 }],
    ['C:\\a.ts:3', { file: 'C:\\a.ts', line: 3, column: undefined }],
    ['-:3:7', { file: '-', line: 3, column: 7 }],
  ])('%s', (text, expected) => expect(parsePosition(text)).toEqual(expected));

  it.each(['a.ts', 'a.ts:', 'a.ts:x', ':3', 'a.ts:0', 'a.ts:3:0', 'a.ts:-1', ''])('refuses %j', (text) => {
    expect(() => parsePosition(text)).toThrow(expect.objectContaining({ kind: 'invalid_argument' }));
  });
});

/** As an editor would find the place: walking through the text unit by unit. */
function walk(text: string, line: number, column: number): number | undefined {
  let at = 0;
  for (let current = 1; current < line; current += 1) {
    while (at < text.length && text[at] !== '\n' && text[at] !== '\r') at += 1;
    if (at >= text.length) return undefined;
    at += text.startsWith('\r\n', at) ? 2 : 1;
  }
  for (let i = 1; i < column; i += 1) {
    if (at >= text.length || text[at] === '\n' || text[at] === '\r') return undefined;
    at += 1;
  }
  return at;
}

describe('splitAt', () => {
  const split = (text: string, line: number, column?: number, replaceLine = false) =>
    splitAt(text, { file: 'f', line, column }, { replaceLine });

  it.each([
    ['the middle', 'ab\ncd\n', 2, 2, ['ab\nc', 'd\n']],
    ['the end of a line', 'ab\ncd\n', 1, undefined, ['ab', '\ncd\n']],
    ['before CRLF', 'ab\r\ncd', 1, undefined, ['ab', '\r\ncd']],
    ['after CRLF', 'ab\r\ncd', 2, 1, ['ab\r\n', 'cd']],
    ['after a lone CR', 'ab\rcd', 2, 1, ['ab\r', 'cd']],
    ['a tab, which is one column', '\tx', 1, 2, ['\t', 'x']],
    ['behind a character of two units', '😀x', 1, 3, ['😀', 'x']],
    ['the empty line behind the last newline', 'ab\n', 2, undefined, ['ab\n', '']],
    ['an empty file', '', 1, 1, ['', '']],
  ])('%s', (_, text, line, column, [prefix, suffix]) => {
    expect(split(text, line, column)).toEqual({ prefix, suffix });
  });

  it('drops the rest of the line where asked, and keeps what ends it', () => {
    expect(split('a = b(c)\r\nd\n', 1, 5, true)).toEqual({ prefix: 'a = ', suffix: '\r\nd\n' });
  });

  it.each([
    ['ab\n', 3, undefined, 'f has 2 lines; line 3 is beyond its end'],
    ['ab\n', 1, 4, 'line 1 of f ends at column 3; column 4 is beyond it'],
    ['😀', 1, 2, 'column 2 is in the middle of a character, which takes two columns; use 1 or 3'],
  ])('refuses what %j does not have', (text, line, column, message) => {
    expect(() => split(text, line, column)).toThrow(message);
  });

  it('agrees with walking through the text', () => {
    const piece = fc.constantFrom('a', '\n', '\r\n', '\r', '\t', '😀', 'é');
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 20 }),
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 8 }),
        (pieces, line, column) => {
          const text = pieces.join('');
          const expected = walk(text, line, column);
          const before = text.charCodeAt((expected ?? 0) - 1);
          if (expected === undefined || (before >= 0xd800 && before <= 0xdbff)) {
            expect(() => split(text, line, column)).toThrow();
            return;
          }
          expect(split(text, line, column)).toEqual({
            prefix: text.slice(0, expected),
            suffix: text.slice(expected),
          });
        },
      ),
      { numRuns: 1000 },
    );
  });
});
