import { describe, expect, it } from 'vitest';
import { identifierF1, identifierMatch, identifiersOf } from './identifiers.js';

describe('identifiersOf', () => {
  it.each([
    ['python', "return self.add(x, 'y z', True)  # not w", ['self', 'add', 'x', 'True']],
    ['python', 'a = """b\n"c" # d\n""" + e // f', ['a', 'e', 'f']],
    ['python', "it = 'don\\'t' + 'unclosed\nnext_line", ['it', 'next_line']],
    ['python', 'url = "http://x.y/#z"; after', ['url', 'after']],
    ['typescript', 'const a: string = `b ${c}` /* d\n e */ + f?.g; // h', ['a', 'string', 'f', 'g']],
    ['javascript', 'let type = string', ['type', 'string']],
    ['java', 'final String s = """\n a "b" c""" + x.y(\'c\');', ['String', 's', 'x', 'y']],
    ['csharp', 'var p = @"C:\\" + q; #region r', ['var', 'p', 'q', 'region', 'r']],
    ['go', "if err := f(`a\"`, 'b'); err != nil { return g }", ['err', 'f', 'err', 'nil', 'g']],
    [
      'rust',
      "fn f<'a>(x: &'a str) -> char { let c = 'x'; r#\"a\" b\"#; c }",
      ['f', 'a', 'x', 'a', 'str', 'char', 'c', 'c'],
    ],
    ['ruby', 'x = "y" # z', ['x']],
    ['lua', "local x = 'y' -- z", ['local', 'x']],
    ['', 'a 1b _c é', ['a', '_c']],
  ])('%s: %j', (language, code, expected) => {
    expect(identifiersOf(code, language)).toEqual(expected);
  });

  it('takes an unclosed comment or string to the end of the code, or of the line', () => {
    expect(identifiersOf('a /* b', 'typescript')).toEqual(['a']);
    expect(identifiersOf('a `b\nc', 'typescript')).toEqual(['a']);
    expect(identifiersOf('a """b\nc', 'python')).toEqual(['a']);
    expect(identifiersOf('a "b\nc', 'java')).toEqual(['a', 'c']);
  });

  it('takes time in proportion to the length of hostile code', () => {
    for (const part of ['"', "'", '`', '"""', '/*', '\\', "r#'", '@"']) {
      for (const language of ['python', 'typescript', 'rust', 'csharp', 'go', 'java']) {
        expect(identifiersOf(part.repeat(5_000), language).length).toBeLessThan(5_001);
      }
    }
  });
});

describe('identifierF1', () => {
  it('is 100 · 2·1 / (2·1 + 1 + 2): one common, one too many, two missing', () => {
    expect(identifierF1('a + x', 'a + b + c', 'python')).toBeCloseTo((100 * 2) / 5, 12);
  });

  it('is over sets: repetition makes no difference', () => {
    expect(identifierF1('a + a + a', 'a', 'python')).toBe(100);
  });

  it('is 0 when nothing is common, 100 when there is nothing in either', () => {
    expect(identifierF1('x', 'y', 'python')).toBe(0);
    expect(identifierF1('', 'y', 'python')).toBe(0);
    expect(identifierF1('return 2', 'return 1', 'python')).toBe(100);
  });
});

describe('identifierMatch', () => {
  it('is over lists: order and repetition count', () => {
    expect(identifierMatch('f(a, "x")', 'f( a, "y")', 'python')).toBe(true);
    expect(identifierMatch('f(b, a)', 'f(a, b)', 'python')).toBe(false);
    expect(identifierMatch('f(a, a)', 'f(a)', 'python')).toBe(false);
  });
});
