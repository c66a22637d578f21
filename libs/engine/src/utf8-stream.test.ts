import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Utf8Stream } from './utf8-stream.js';

describe('Utf8Stream', () => {
  it('gives the text back whatever way its bytes are cut, in whole characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.array(fc.nat(8)), (text, cuts) => {
        const bytes = new TextEncoder().encode(text);
        const stream = new Utf8Stream();
        const pieces: string[] = [];
        let at = 0;
        for (const cut of cuts) {
          pieces.push(stream.push(bytes.subarray(at, at + cut)));
          at += cut;
        }
        pieces.push(stream.push(bytes.subarray(at)));
        expect(pieces.join('')).toBe(text);
        expect(pieces.filter((piece) => /\p{Surrogate}/u.test(piece))).toEqual([]);
        expect(stream.finish()).toBe('');
      }),
    );
  });

  it('keeps a byte order mark, and says U+FFFD for what is left unfinished only at the end', () => {
    const stream = new Utf8Stream();
    expect(stream.push(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe('\uFEFFa');
    expect(stream.push(Uint8Array.of(0xe6, 0x97))).toBe('');
    expect(stream.finish()).toBe('\uFFFD');
  });
});
