import { splitLines } from '@repoformer/retrieval';
import { openSyntax } from '@repoformer/syntax';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { SyntaxCache } from '../corpus/syntax-cache.js';
import type { Chunker } from '../ports.js';
import { goldenCorpus } from '../testing/golden-holes.js';
import { blankLineBlocks, blocksByIndentation } from './line-blocks.js';
import { CHUNKER_NAMES, CHUNKERS } from './chunker-table.js';
import { isBlank } from '@repoformer/retrieval';
import { fixedWindows } from './fixed-windows.js';
import { syntaxBlocks } from './syntax-blocks.js';
import { withSignatures } from './with-signatures.js';

let cache: SyntaxCache;
beforeAll(async () => {
  cache = new SyntaxCache(await openSyntax());
});

/** `first-last`, lines counted from 1; `s` behind it for a signature. */
async function cut(chunker: Chunker, lines: readonly string[], path = 'file.py'): Promise<string[]> {
  const chunks = await chunker.chunk({ path, text: `${lines.join('\n')}\n` });
  return chunks.map(
    ({ startLine, endLine, kind }) => `${startLine + 1}-${endLine}${kind === 'signature' ? 's' : ''}`,
  );
}

describe('windows', () => {
  it('begin every stride; the first to reach the end is the last', async () => {
    const windows = fixedWindows({ windowLines: 4, strideLines: 2 });
    const lines = (count: number) => Array.from({ length: count }, () => 'x');
    expect(await cut(windows, lines(3))).toEqual(['1-3']);
    expect(await cut(windows, lines(7))).toEqual(['1-4', '3-6', '5-7']);
    expect(await cut(windows, lines(8))).toEqual(['1-4', '3-6', '5-8']);
  });

  it('are none of an empty file', async () => {
    expect(await fixedWindows({ windowLines: 4, strideLines: 2 }).chunk({ path: 'a', text: '' })).toEqual([]);
  });
});

describe('blocks between blank lines', () => {
  it('are put together while they fit', async () => {
    expect(await cut(blankLineBlocks(5), ['a', 'b', '', 'c', '', 'd', 'e', '', '', 'f'])).toEqual([
      '1-4',
      '6-10',
    ]);
  });

  it('are cut where they are too long', async () => {
    expect(await cut(blankLineBlocks(3), ['a', 'b', 'c', 'd', 'e', '', 'f'])).toEqual(['1-3', '4-5', '7-7']);
  });
});

const PYTHON = [
  'import os', // 1
  '',
  '# Says hello.', // 3
  '@decorated',
  'def hello(name):',
  '    print(name)',
  '    return name',
  '', // 8
  'class Greeter:',
  '    def first(', // 10
  '        self,',
  '    ):',
  '        a = 1',
  '        return a',
  '', // 15
  '    def second(self):',
  '        b = 2',
  '        return b',
];

describe('blocks by indentation', () => {
  it('are those of the syntax where lines are indented as they should be', async () => {
    for (const size of [6, 8, 10]) {
      expect(await cut(blocksByIndentation(size), PYTHON)).toEqual(
        await cut(syntaxBlocks(size, cache), PYTHON),
      );
    }
  });
});

describe('syntax', () => {
  it('divides at the outermost definitions first, comments and decorators with what they belong to', async () => {
    expect(await cut(syntaxBlocks(8, cache), PYTHON)).toEqual(['1-7', '9-14', '16-18']);
    expect(await cut(syntaxBlocks(10, cache), PYTHON)).toEqual(['1-7', '9-18']);
    expect(await cut(syntaxBlocks(6, cache), PYTHON)).toEqual(['1-1', '3-7', '9-14', '16-18']);
  });

  it('goes by blank lines where there is no grammar', async () => {
    expect(await cut(syntaxBlocks(3, cache), ['a', '', 'b', 'c', 'd'], 'notes.unknown')).toEqual([
      '1-1',
      '3-5',
    ]);
  });

  it('gives the heads of definitions without their bodies', async () => {
    const chunks = await cut(withSignatures(syntaxBlocks(10, cache), cache), PYTHON);
    // Of a class, its first line.
    expect(chunks.filter((chunk) => chunk.endsWith('s'))).toEqual(['5-5s', '9-9s', '10-12s', '16-16s']);
    expect(chunks.filter((chunk) => !chunk.endsWith('s'))).toEqual(['1-7', '9-18']);
  });

  it.each([
    ['a.ts', ['class A {', '  go(): void {', '    run();', '  }', '}'], ['1-1s', '2-2s']],
    ['a.go', ['package a', 'func Go(', '  n int) {', '  run()', '}'], ['2-3s']],
    ['a.rs', ['fn go() {', '  run();', '}'], ['1-1s']],
    ['a.java', ['class A {', '  void go() {', '    run();', '  }', '}'], ['1-1s', '2-2s']],
    ['a.cpp', ['int go()', '{', '  return 1;', '}'], ['1-2s']],
    ['a.c', ['int go(void) {', '  return 1;', '}'], ['1-1s']],
    ['a.cs', ['class A {', '  void Go() {', '    Run();', '  }', '}'], ['1-1s', '2-2s']],
    ['a.rb', ['def go', '  run', 'end'], ['1-1s']],
    ['a.php', ['<?php', 'function go() {', '  run();', '}'], ['2-2s']],
    ['a.js', ['function go() {', '  run();', '}'], ['1-1s']],
    ['a.py', ['def go():', '    run()'], ['1-1s']],
  ])('knows the heads of %s', async (path, lines, heads) => {
    const chunks = await cut(withSignatures(blankLineBlocks(20), cache), lines, path);
    expect(chunks.filter((chunk) => chunk.endsWith('s'))).toEqual(heads);
  });
});

const anyLine = fc.constantFrom(
  '',
  '  ',
  'def f(x):',
  '    return x',
  'class A:',
  '    def g(self):',
  'x = (',
  ')',
  '"""',
  '}',
);

describe.each(CHUNKER_NAMES)('%s', (name) => {
  it('cuts any text into chunks within it that lose no line, and is always the same', async () => {
    const chunker = CHUNKERS[name](cache);
    expect(chunker.name).toBe(name);
    const check = async (path: string, text: string) => {
      const lines = splitLines(text);
      const chunks = await chunker.chunk({ path, text });
      expect(await chunker.chunk({ path, text })).toEqual(chunks);
      const shown = new Set<number>();
      let before = 0;
      for (const { startLine, endLine, kind } of chunks) {
        expect(startLine).toBeGreaterThanOrEqual(before);
        expect(endLine).toBeGreaterThan(startLine);
        expect(endLine).toBeLessThanOrEqual(lines.length);
        expect(endLine - startLine).toBeLessThanOrEqual(Number(/\d+/.exec(name)![0]));
        before = startLine;
        if (kind === 'code') for (let line = startLine; line < endLine; line++) shown.add(line);
      }
      expect(lines.flatMap((line, at) => (isBlank(line) || shown.has(at) ? [] : [at]))).toEqual([]);
    };
    await fc.assert(
      fc.asyncProperty(fc.array(anyLine, { maxLength: 60 }), fc.boolean(), (lines, ends) =>
        check('file.py', lines.join('\n') + (ends ? '\n' : '')),
      ),
      { numRuns: 40 },
    );
    for (const [path, text] of Object.entries(goldenCorpus).slice(0, 20)) await check(path, text);
  });
});
