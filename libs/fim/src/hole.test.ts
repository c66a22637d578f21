import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anchorHole, healingStart, splitTyped } from './hole.js';
import { WordTokenizer } from './testing.js';

describe('anchorHole', () => {
  it.each([
    ['a\n    b', { above: 'a\n', typed: '    b' }],
    ['a\n', { above: 'a\n', typed: '' }],
    ['', { above: '', typed: '' }],
    ['x = ', { above: '', typed: 'x = ' }],
    ['a\r\n\tb', { above: 'a\r\n', typed: '\tb' }],
  ])('%j', (prefix, expected) => {
    expect(anchorHole(prefix, 's')).toEqual({ ...expected, suffix: 's' });
  });
});

describe('healingStart', () => {
  it.each([
    ['    ', ''],
    ['x = ', 'x ='],
    ['    return self.con', '    return self'],
    ['foo(a, b', 'foo(a,'],
    ['foo(', 'foo'],
    ['naïve_é', ''],
    ['', ''],
  ])('%j keeps %j', (typed, kept) => {
    expect(typed.slice(0, healingStart(typed))).toBe(kept);
  });
});

describe('splitTyped', () => {
  it('keeps tokens and forces bytes that together are what was typed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', maxLength: 40 }), async (typed) => {
        const tokenizer = new WordTokenizer();
        const [tokens] = await tokenizer.tokenize([typed]);
        const { kept, forcedBytes } = splitTyped(typed, tokens!, await tokenizer.tokenBytes(tokens!));
        expect(tokenizer.read(kept) + new TextDecoder().decode(forcedBytes)).toBe(typed);
      }),
    );
  });

  it('generates at most three tokens of a long word again', async () => {
    const tokens = Int32Array.of(1, 2, 3, 4, 5);
    const bytes = ['ab', 'cd', 'ef', 'gh', 'ij'].map((text) => new TextEncoder().encode(text));
    const { kept, forcedBytes } = splitTyped('abcdefghij', tokens, bytes);
    expect([...kept]).toEqual([1, 2]);
    expect(new TextDecoder().decode(forcedBytes)).toBe('efghij');
  });
});
