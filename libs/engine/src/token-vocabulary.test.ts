import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TOKEN_ATTRIBUTE, TokenVocabulary, type VocabularySource } from './token-vocabulary.js';

const { unknown, unused, normal, control, userDefined, byte } = TOKEN_ATTRIBUTE;

function vocabulary(kind: VocabularySource['kind'], rows: [text: string, attribute: number][]) {
  return new TokenVocabulary({
    kind,
    texts: rows.map(([text]) => text),
    attributes: rows.map(([, attribute]) => attribute),
  });
}

const TYPES = { normal, control, 'user-defined': userDefined, unused, unknown };
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe('TokenVocabulary', () => {
  it('is the one that the trainer has', () => {
    const path = new URL('../../../test/fixtures/trainer/vocabulary.json', import.meta.url);
    const { tokens, agreeing } = JSON.parse(readFileSync(path, 'utf8')) as {
      tokens: [text: string, type: keyof typeof TYPES, bytes: string][];
      agreeing: [forced: string, tokens: number[]][];
    };
    const own = vocabulary(
      'byte_level',
      tokens.map(([text, type]) => [text, TYPES[type]]),
    );
    expect(tokens.map((_, token) => Buffer.from(own.bytesOf(token)).toString('hex'))).toEqual(
      tokens.map(([, , bytes]) => bytes),
    );
    for (const [forced, expected] of agreeing) {
      expect(own.tokensAgreeingWith(Buffer.from(forced, 'hex')), forced).toEqual(expected);
    }
  });

  it('finds the token that a token is up to its line end', () => {
    const texts = [')', ');', ');Ċ', ')ĊĊ', 'Ċ', 'ĠĊ', 'Ġ', ']Ċ', 'x'];
    const own = vocabulary(
      'byte_level',
      texts.map((text) => [text, normal]),
    );
    expect(texts.map((_, token) => own.beforeLineEnd(token))).toEqual([
      ...[undefined, undefined, 1, 0, undefined, 6, undefined, undefined, undefined],
    ]);
  });

  it('decodes byte-level texts, and leaves tokens that are no text without bytes', () => {
    const tokens = vocabulary('byte_level', [
      ['Ġreturn', normal],
      ['Ċĉ', normal],
      ['æĹ¥', normal],
      ['âĢ', normal],
      ['Ġ?', normal],
      ['<fim_prefix>', control],
      ['<|im_end|>', control | normal],
      ['<tool_call>', userDefined],
      ['é', userDefined],
      ['[PAD1]', unused],
      ['<unk>', unknown],
      ['日本', normal],
    ]);
    const texts = Array.from({ length: tokens.size }, (_, token) => decode(tokens.bytesOf(token)));
    expect(texts).toEqual([
      ' return',
      '\n\t',
      '日',
      '\uFFFD',
      ' ?',
      '',
      '',
      '<tool_call>',
      'é',
      '',
      '',
      // Not written in the byte table: meant literally.
      '日本',
    ]);
    expect([...tokens.bytesOf(3)]).toEqual([0xe2, 0x80]);
  });

  it('covers all 256 bytes by the byte table', () => {
    // The table as GPT-2's own encoder builds it.
    const printable = [...range(33, 127), ...range(161, 173), ...range(174, 256)];
    const characters = new Map(printable.map((value) => [value, value]));
    let next = 256;
    for (const value of range(0, 256)) if (!characters.has(value)) characters.set(value, next++);
    const tokens = vocabulary(
      'byte_level',
      range(0, 256).map((value) => [String.fromCodePoint(characters.get(value)!), normal]),
    );
    expect(range(0, 256).map((value) => [...tokens.bytesOf(value)])).toEqual(range(0, 256).map((v) => [v]));
  });

  it('decodes SentencePiece texts: U+2581 is a space, <0xNN> a byte only where it is a byte token', () => {
    const tokens = vocabulary('sentencepiece', [
      ['▁return', normal],
      ['<0x0A>', byte],
      ['<0xE2>', byte],
      ['<0x0A>', normal],
      ['▁▁▁▁', normal],
      ['▁<PRE>', control],
      ['é', normal],
    ]);
    expect(decode(tokens.bytesOf(0))).toBe(' return');
    expect([...tokens.bytesOf(1)]).toEqual([10]);
    expect([...tokens.bytesOf(2)]).toEqual([0xe2]);
    expect(decode(tokens.bytesOf(3))).toBe('<0x0A>');
    expect(decode(tokens.bytesOf(4))).toBe('    ');
    expect(tokens.bytesOf(5)).toHaveLength(0);
    expect(decode(tokens.bytesOf(6))).toBe('é');
  });

  it('gives no bytes for ids it does not have', () => {
    const tokens = vocabulary('byte_level', [['a', normal]]);
    expect(tokens.bytesOf(-1)).toHaveLength(0);
    expect(tokens.bytesOf(1)).toHaveLength(0);
  });

  it('finds the tokens that agree with forced bytes, as a naive search does', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'Ġ'), maxLength: 5 });
    const row = fc.tuple(text, fc.constantFrom(normal, normal, normal, control));
    fc.assert(
      fc.property(
        fc.array(row, { maxLength: 60 }),
        fc.uint8Array({ maxLength: 6 }),
        text,
        (rows, raw, like) => {
          const tokens = vocabulary('byte_level', rows);
          const spelt = new TextEncoder().encode(like.replaceAll('Ġ', ' '));
          for (const forced of [raw, spelt]) {
            const naive = rows.flatMap((_, token) => {
              const bytes = tokens.bytesOf(token);
              const same = Math.min(bytes.length, forced.length);
              const agrees =
                same > 0 && bytes.subarray(0, same).every((value, index) => value === forced[index]);
              return agrees ? [token] : [];
            });
            expect(tokens.tokensAgreeingWith(forced)).toEqual(naive);
          }
        },
      ),
    );
  });
});

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, index) => start + index);
}
