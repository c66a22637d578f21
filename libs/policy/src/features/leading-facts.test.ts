import { describe, expect, it } from 'vitest';
import { readLeading } from './leading-facts.js';

const view = (...linesBefore: string[]) => ({
  linesBefore,
  lastWords: linesBefore.join('\n').match(/\w+/g) ?? [],
});

describe('readLeading', () => {
  it('knows a copy that goes on in the chunk', () => {
    const own = view('def close(self):', 'if self._closed:', 'return');
    const leading = 'def open(self):\n    pass\n\n    if self._closed:\n        return\n';
    const facts = readLeading(own, leading, ['self._closed = True', 'self._socket.close()']);
    expect(facts.equalLines).toBe(2);
    expect(facts.matchWords).toBe(4);
    expect(facts.previousLinePlace).toBeGreaterThan(0.9);
    expect(facts.shareAfter).toBe(1);
    // {def, close, self, if, _closed, return} and {def, open, self, pass, if, _closed, return}: 5 of 8.
    expect(facts.similarity).toBeCloseTo(5 / 8, 12);
  });

  it('tells how much of the chunk comes after the line before the cursor', () => {
    const own = view('total = 0');
    const lines = ['count = 1', 'total = 0', 'for x in xs:', 'total += x'];
    const facts = readLeading(own, 'start()\n', lines);
    expect(facts.equalLines).toBe(0);
    expect(facts.shareAfter).toBe(0.5);
    expect(facts.previousLinePlace).toBeCloseTo(1 - 2 / 20, 12);
  });

  it('says nothing where nothing agrees, or there is nothing to compare', () => {
    const nothing = { equalLines: 0, similarity: 0, matchWords: 0, previousLinePlace: 0, shareAfter: 0 };
    expect(readLeading(view('alpha()'), 'beta()\n', ['gamma()'])).toEqual(nothing);
    expect(readLeading(view(), 'beta()\n', ['gamma()'])).toEqual(nothing);
    expect(readLeading(view('alpha()'), '', [])).toEqual(nothing);
    // A line that is alike everywhere tells no place.
    expect(readLeading(view('}'), '}', ['}'])).toMatchObject({ previousLinePlace: 0, shareAfter: 0 });
  });
});
