import { openSyntax } from '@repoformer/syntax';
import { describe, expect, it } from 'vitest';
import type { HoleKind } from '../record.js';
import { isImport, isWorthAsking } from './hole-rules.js';
import { readSourceFile, type SourceFile } from './source-file.js';

const syntax = await openSyntax();
const LINES_BEFORE = 'a1 = f1()\nb2 = f2()\nc3 = f3()\nd4 = f4()\ne5 = f5()\n';

async function fileOf(text: string, path: string): Promise<SourceFile> {
  const file = await readSourceFile(path, text, syntax);
  if (typeof file === 'string') throw new Error(file);
  return file;
}

/** Whether the part of the text between the marks is worth asking for, five lines into a file. */
async function judge(marked: string, kind: HoleKind = 'line', path = 'a.py'): Promise<boolean> {
  const all = LINES_BEFORE + marked;
  const start = all.indexOf('⟦');
  const end = all.indexOf('⟧') - 1;
  return isWorthAsking(await fileOf(all.replace(/[⟦⟧]/g, ''), path), kind, start, end);
}

describe('worth asking', () => {
  it.each<[string, HoleKind?]>([
    ['⟦total = price * quantity⟧\n'],
    ['name = ⟦get_name("abc")⟧\n', 'line_rest'],
    ['⟦raise ValueError⟧'],
    ['⟦x = 1\n# why\ncompute_all(x, x)\nlog_all(x, x)⟧\n', 'chunk'],
  ])('%s', async (marked, kind) => {
    expect(await judge(marked, kind)).toBe(true);
  });
});

describe('not worth asking', () => {
  it.each<[string, string, HoleKind?]>([
    ['only brackets', 'x = [\n    1,\n⟦]⟧\n'],
    ['less than three word characters', '⟦x = y⟧\n'],
    ['numbers', '⟦1234, 5678⟧\n'],
    ['a word that says nothing', 'try:\n    f(1)\n⟦finally:⟧\n    g(1)\n'],
    ['a line again', 'total += price\n⟦total += price⟧\n'],
    ['a comment', '⟦# what it costs⟧\n'],
    ['the inside of a comment', '# what ⟦it costs⟧\n', 'line_rest'],
    ['code with a comment behind', '⟦total = price  # with tax⟧\n'],
    ['mostly comments', '⟦x = 1\n# that is because nobody wanted it otherwise\ny = z⟧\n', 'chunk'],
    ['the inside of a string', 'name = "what ⟦it costs" + price⟧\n', 'line_rest'],
    ['a docstring', 'def f():\n    ⟦"""What it costs."""⟧\n    return price\n'],
    ['text for people', 'log(\n    ⟦"nothing could be found in the shop", x.name,⟧\n)\n'],
    ['a string that goes on', '⟦name = """what⟧\nit costs\n"""\n'],
    ['a long line', `⟦total = ${'price + '.repeat(40)}tax⟧\n`],
    [
      'a long truth',
      `⟦${Array.from({ length: 80 }, (_, i) => `total_${i} = price_${i}`).join('\n')}⟧\n`,
      'chunk',
    ],
    ['what is near an error', 'x = = (\ny = 1\n⟦total = price * quantity⟧\n'],
    ['nothing', 'x = ⟦⟧\n'],
  ])('%s', async (_why, marked, kind) => {
    expect(await judge(marked, kind)).toBe(false);
  });

  it.each([
    ['a.java', '@Override', false],
    ['a.java', '@SuppressWarnings("unchecked")', false],
    ['a.java', '@Timeout(seconds)', true],
    ['a.rs', '#[inline(always)]', false],
    ['a.rs', '#[cfg(test)]', false],
    ['a.rs', '#[derive(Clone, Debug)]', true],
    ['a.go', 'return nil', false],
    ['a.go', 'return err', true],
  ])('in %s, %s on a line of its own: %s', async (path, line, expected) => {
    const before = path.endsWith('.go') ? '' : '\n'.repeat(5);
    const [head, foot] = {
      java: ['class A {', 'void f() {}\n}'],
      rs: ['', 'fn f() {}'],
      go: ['package a\n\n\n\n\nfunc f() error {', '}'],
    }[path.slice(2) as 'java' | 'rs' | 'go'];
    const text = `${before}${head}\n${line}\n${foot}\n`;
    const start = text.indexOf(line);
    const file = await fileOf(text, path);
    expect(isWorthAsking(file, 'line', start, start + line.length)).toBe(expected);
    // Nor is the rest of it.
    expect(isWorthAsking(file, 'line_rest', start + 2, start + line.length)).toBe(expected);
  });

  it('what stands in the first five lines', async () => {
    const file = await fileOf(LINES_BEFORE, 'a.py');
    const start = LINES_BEFORE.indexOf('e5');
    expect(isWorthAsking(file, 'line', start, start + 9)).toBe(false);
  });
});

it.each([
  ['a.py', 'from a import b', true],
  ['a.py', 'from a import (\n    b,\n    c,\n)', true],
  ['a.py', '__all__ = ["b"]', true],
  ['a.py', 'important = b()', false],
  ['a.ts', "import { b } from 'a';", true],
  ['a.ts', "export { b } from 'a';", true],
  ['a.js', "const b = require('a');", true],
  ['a.js', 'const b = requirements(a);', false],
])('in %s, %s is an import: %s', async (path, text, expected) => {
  const file = await fileOf(`${text}\n`, path);
  expect(isImport(file, text.lastIndexOf('b'), text.length)).toBe(expected);
});
