import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { indentedBlocks } from './indented-blocks.js';

/** `first-last`, lines counted from 1. */
const cut = (lines: readonly string[], maxLines: number) =>
  indentedBlocks(lines, maxLines).map(({ from, to }) => `${from + 1}-${to}`);

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

describe('indentedBlocks', () => {
  it('divides at the outermost blocks first, comments and decorators with what they belong to', () => {
    expect(cut(PYTHON, 20)).toEqual(['1-18']);
    expect(cut(PYTHON, 10)).toEqual(['1-7', '9-18']);
    expect(cut(PYTHON, 8)).toEqual(['1-7', '9-14', '16-18']);
    expect(cut(PYTHON, 6)).toEqual(['1-1', '3-7', '9-14', '16-18']);
  });

  it('ends blocks behind closing brackets, and goes on with other branches', () => {
    const lines = [
      'function first(',
      '  a,',
      ') {',
      '\tif (a) {',
      '\t\tb();',
      '\t} else {',
      '\t\tc();',
      '\t}',
      '}',
    ];
    expect(cut([...lines, 'function second() {', '  return 1;', '}'], 9)).toEqual(['1-9', '10-12']);
  });

  it('cuts what has no blocks at blank lines, and else anywhere', () => {
    expect(cut(['a', 'b', 'c', 'd', '', 'e', 'f', 'g'], 4)).toEqual(['1-4', '6-8']);
    expect(cut(['a', 'b', 'c', 'd', 'e'], 2)).toEqual(['1-2', '3-4', '5-5']);
  });

  it('has each line that is not blank in one block, in order, whatever the lines', () => {
    const line = fc.constantFrom(
      '',
      '  ',
      'a {',
      '  b:',
      '\tc',
      '    d(',
      ') e',
      '  }',
      'end',
      '# f',
      '@g',
      ' h',
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 60 }), fc.integer({ min: 1, max: 12 }), (lines, maxLines) => {
        const blocks = indentedBlocks(lines, maxLines);
        const covered = blocks.flatMap(({ from, to }) =>
          Array.from({ length: to - from }, (_, at) => from + at),
        );
        expect([...covered].sort((a, b) => a - b)).toEqual(covered);
        expect(new Set(covered).size).toBe(covered.length);
        const isIn = new Set(covered);
        lines.forEach((text, at) => {
          if (text.trim() !== '') expect(isIn.has(at)).toBe(true);
        });
        for (const { from, to } of blocks) expect(to - from).toBeLessThanOrEqual(maxLines);
      }),
    );
  });
});
