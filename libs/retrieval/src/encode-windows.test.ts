import { AppError } from '@repoformer/domain';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32 } from './crc32.js';
import { decodeWindows } from './decode-windows.js';
import { encodeWindows } from './encode-windows.js';
import { splitLines } from './lines.js';
import { DEFAULT_WINDOW_OPTIONS, type WindowOptions } from './window-options.js';
import { wordSet, type WordSet } from './word-set.js';

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** The windows of a text as [start line, number of words, hashes of the words in ascending order]. */
function windowsOf(data: Uint8Array, options: WindowOptions) {
  const { starts, offsets, words, highs, lows } = decodeWindows(data, options);
  return [...starts].map((start, window) => ({
    start,
    words: [...words.subarray(offsets[window]!, offsets[window + 1]!)]
      .map((word) => `${highs[word]},${lows[word]}`)
      .sort(),
  }));
}

const keysOf = ({ highs, lows }: WordSet) => [...highs].map((high, i) => `${high},${lows[i]}`).sort();

const text = fc
  .array(
    fc
      .array(fc.constantFrom('a', 'bb', 'größe', 'x1', ' ', '.', '\t'), { maxLength: 6 })
      .map((p) => p.join(' ')),
    { maxLength: 40 },
  )
  .chain((lines) => fc.constantFrom('\n', '\r\n').map((lineEnd) => lines.join(lineEnd)));
const options = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }))
  .map(([a, b]) => ({ windowLines: Math.max(a, b), strideLines: Math.min(a, b) }));

describe('encodeWindows', () => {
  it('keeps the word set of every window that has words', () => {
    fc.assert(
      fc.property(text, options, (source, cut) => {
        const lines = splitLines(source);
        const expected = [];
        for (let start = 0; start < lines.length; start += cut.strideLines) {
          const words = keysOf(wordSet(lines.slice(start, start + cut.windowLines).join('\n')));
          if (words.length > 0) expected.push({ start, words });
          if (start + cut.windowLines >= lines.length) break;
        }
        const encoded = encodeWindows(bytesOf(source), cut);
        expect(windowsOf(encoded.data, cut)).toEqual(expected);
        expect(encoded).toMatchObject({ lines: lines.length, windows: expected.length });
        expect(decodeWindows(encoded.data, cut).lines).toBe(lines.length);
      }),
      { numRuns: 400 },
    );
  });

  it.each<[number, number, number, number[]]>([
    [0, 20, 10, []],
    [1, 20, 10, [0]],
    [20, 20, 10, [0]],
    [21, 20, 10, [0, 10]],
    [30, 20, 10, [0, 10]],
    [31, 20, 10, [0, 10, 20]],
    [7, 3, 3, [0, 3, 6]],
    [8, 5, 2, [0, 2, 4]],
  ])('%i lines in windows of %i every %i start at %j', (lines, windowLines, strideLines, starts) => {
    const cut = { windowLines, strideLines };
    const { data } = encodeWindows(bytesOf('word\n'.repeat(lines)), cut);
    expect([...decodeWindows(data, cut).starts]).toEqual(starts);
  });

  it('encodes the same windows for LF and CRLF, and any bytes at all', () => {
    const source = 'def f(a):\n    return a\n\n'.repeat(12);
    const [lf, crlf] = [source, source.replaceAll('\n', '\r\n')].map((each) =>
      encodeWindows(bytesOf(each), DEFAULT_WINDOW_OPTIONS),
    );
    expect(crlf).toEqual(lf);
    const noise = Uint8Array.from({ length: 5000 }, (_, i) => (i * i * 7 + (i >> 3)) & 255);
    expect(encodeWindows(noise, DEFAULT_WINDOW_OPTIONS).windows).toBeGreaterThan(0);
  });

  it('has not changed: stored indexes hold these bytes', () => {
    const { data } = encodeWindows(bytesOf('a b\na c\n'), { windowLines: 2, strideLines: 1 });
    expect(Buffer.from(data).toString('hex')).toMatchInlineSnapshot(
      `"0102010203d181245fbeada5852b5cca1d07954b29d31e61cc989a8ae5020001010028e2a2cc"`,
    );
  });

  it('is small', () => {
    const line = (n: number) =>
      `    const value${n % 40} = compute(value${(n * 7) % 40}, options.limit${n % 9});\n`;
    const source = Array.from({ length: 1000 }, (_, n) => line(n)).join('');
    const { data, windows } = encodeWindows(bytesOf(source), DEFAULT_WINDOW_OPTIONS);
    expect(data.length / windows).toBeLessThan(50);
  });

  it('refuses options out of range', () => {
    for (const [windowLines, strideLines, field] of [
      [0, 1, 'windowLines'],
      [1001, 1, 'windowLines'],
      [2.5, 1, 'windowLines'],
      [20, 0, 'strideLines'],
      [20, 21, 'strideLines'],
    ] as const) {
      expect(() => encodeWindows(bytesOf('a'), { windowLines, strideLines })).toThrow(field);
    }
  });
});

describe('decodeWindows', () => {
  const cut = { windowLines: 4, strideLines: 2 };
  const { data } = encodeWindows(bytesOf('a b c\nb d\n\nc e f a\nb\ng a\n'), cut);

  function seal(body: number[]): Uint8Array {
    const sealed = new Uint8Array(body.length + 4);
    sealed.set(body);
    new DataView(sealed.buffer).setInt32(body.length, crc32(sealed, body.length), true);
    return sealed;
  }

  function expectDataLoss(damaged: Uint8Array): void {
    try {
      decodeWindows(damaged, cut);
    } catch (error) {
      expect(error).toBeInstanceOf(AppError);
      expect((error as AppError).kind).toBe('data_loss');
      return;
    }
    expect.unreachable('damage was not noticed');
  }

  it('notices every changed byte and every cut', () => {
    for (let at = 0; at < data.length; at++) {
      for (const change of [1, 0x80, 0xff]) {
        const damaged = data.slice();
        damaged[at]! ^= change;
        expectDataLoss(damaged);
      }
      expectDataLoss(data.slice(0, at));
    }
    expectDataLoss(Uint8Array.from([...data, 0]));
  });

  it('stays within bounds when the checksum fits the damage', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(data.length - 5), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.nat(data.length - 5),
        (changes, cutAt) => {
          const body = data.slice(0, Math.max(1, data.length - 4 - (cutAt % 7)));
          for (const [at, value] of changes) if (at > 0 && at < body.length) body[at] = value;
          try {
            const { words, highs, offsets, starts } = decodeWindows(seal([...body]), cut);
            expect(words.every((word) => word >= 0 && word < highs.length)).toBe(true);
            expect(offsets).toHaveLength(starts.length + 1);
          } catch (error) {
            expect((error as AppError).kind).toBe('data_loss');
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  const huge = [0xff, 0xff, 0xff, 0xff, 7];
  const oneWord = [1, 0, 0, 0, 2, 0, 0, 0];
  it.each<[string, number[]]>([
    ['more lines than blocks', [1, 4, 2, ...huge, 0]],
    ['more words than bytes', [1, 4, 2, 1, ...huge, ...oneWord, 1, 0]],
    ['more new words than the table has', [1, 4, 2, 1, 1, ...oneWord, ...huge, 0]],
    ['fewer new words than the table has', [1, 4, 2, 1, 1, ...oneWord, 0, 0]],
    ['a repeated word that has not appeared', [1, 4, 2, 1, 1, ...oneWord, 1, 1, 0]],
    ['more repeated words than bytes', [1, 4, 2, 3, 1, ...oneWord, 1, 0, 0, ...huge, 0]],
    ['a number of more than 31 bits', [1, 4, 2, 0xff, 0xff, 0xff, 0xff, 8, 0]],
    ['a number without an end', [1, 4, 2, 0x80, 0x80, 0x80, 0x80, 0x80, 0]],
    ['bytes behind the last block', [1, 4, 2, 1, 1, ...oneWord, 1, 0, 0]],
    ['another version', [2, 4, 2, 0, 0]],
  ])('refuses %s', (_, body) => {
    expectDataLoss(seal(body));
  });

  it('accepts what these would be without the damage', () => {
    expect(windowsOf(seal([1, 4, 2, 1, 1, ...oneWord, 1, 0]), cut)).toEqual([{ start: 0, words: ['1,2'] }]);
  });

  it('says which options the windows have', () => {
    expect(() => decodeWindows(data, DEFAULT_WINDOW_OPTIONS)).toThrow(/4 lines every 2, not of 20 every 10/);
  });

  it('computes the standard CRC-32', () => {
    expect(crc32(bytesOf('123456789'), 9) >>> 0).toBe(0xcbf43926);
  });
});
