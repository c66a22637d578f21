import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isJsonObject, JsonSyntaxError, parseJson } from './parse-json.js';
import type { JsonNode } from './parse-json.js';

function plain({ value }: JsonNode): unknown {
  if (Array.isArray(value)) return (value as readonly JsonNode[]).map(plain);
  if (isJsonObject(value))
    return Object.fromEntries(value.members.map(({ key, node }) => [key.value, plain(node)]));
  return value;
}

function attempt(parse: () => unknown): { value: unknown } | 'refused' {
  try {
    return { value: parse() };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof JsonSyntaxError) return 'refused';
    throw error;
  }
}

describe('parseJson', () => {
  it('agrees with JSON.parse on valid documents', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.constantFrom(0, 2, '\t'), (value, indent) => {
        fc.pre(!JSON.stringify(value).includes('"__proto__"'));
        const text = JSON.stringify(value, null, indent);
        expect(plain(parseJson(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  it('agrees with JSON.parse on what is no document', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"b"',
      '1',
      '-',
      '.5',
      '01',
      'true',
      'nul',
      ' ',
      '\n',
      '"\t"',
      '"\\x"',
      '\u00a0',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const text = pieces.join('');
        const expected = attempt(() => JSON.parse(text) as unknown);
        const got = attempt(() => plain(parseJson(text)));
        // Keys that occur twice are the one thing it is stricter about.
        if (got === 'refused' && /"a".*"a"|"b".*"b"/s.test(text)) return;
        expect(got).toEqual(expected);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['{"a": 1,\n "a": 2}', '"a" occurs twice', 2, 2],
    ['{\n  // no\n}', 'JSON has no comments', 2, 3],
    ['{"a" 1}', 'expected ":" after "a", found "1"', 1, 6],
    ['{"a": }', 'expected a value, found "}"', 1, 7],
    ['{"a": yes}', 'expected a value, found "yes"', 1, 7],
    ["{'a': 1}", 'expected a key in double quotes, found "\'"', 1, 2],
    ['{"a": "b', 'unterminated or malformed string', 1, 7],
    ['{"a": 1', 'expected "," or "}", found the end of the file', 1, 8],
    ['1 2', 'expected the end of the file, found "2"', 1, 3],
    ['['.repeat(1e5), 'nested too deeply', 1, 34],
  ])('says what is wrong in %s, and where', (text, message, line, column) => {
    expect(() => parseJson(text)).toThrow(expect.objectContaining({ message, line, column }));
  });
});
