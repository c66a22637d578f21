import { expect, it } from 'vitest';
import { COLOURS, printable } from './style.js';

it.each([
  ['an escape sequence', '\x1b[31mred', '␛[31mred'],
  ['a title change', '\x1b]0;x\x07', '␛]0;x␇'],
  ['a carriage return that would hide text', 'safe\revil', 'safe␍evil'],
  ['line ends and tabs, which stay', 'a\r\n\tb\n', 'a\n\tb\n'],
  ['text that would be shown in another order', 'a\u202eb', 'a<U+202E>b'],
  ['C1 controls', '\u009b31m', '<U+009B>31m'],
])('shows %s', (_, text, shown) => expect(printable(text)).toBe(shown));

it('marks nothing where there is nothing', () => {
  expect(COLOURS.red('')).toBe('');
  expect(COLOURS.red('x')).toBe('\x1b[31mx\x1b[39m');
});
