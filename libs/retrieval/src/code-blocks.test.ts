import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CodeBlocks } from './code-blocks.js';
import { TextLines } from './lines.js';
import { LiveText } from './live-text.js';

const line = fc.constantFrom('', '', 'a {', '  b:', '\tc', '    d(', '  }', '}', '# e', '  f');
const texts = fc.array(line, { maxLength: 700 });

function blocksOf(lines: readonly string[], maxLines = 20): CodeBlocks {
  return new CodeBlocks((from, to) => lines.slice(from, to).join('\n'), lines.length, maxLines);
}

describe('CodeBlocks', () => {
  it('has each line that is not blank in one block, whatever is asked for first', () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 1, max: 30 }), (lines, maxLines) => {
        const all = blocksOf(lines, maxLines).within({ from: 0, to: lines.length });
        const covered = all.flatMap(({ from, to }) =>
          Array.from({ length: to - from }, (_, at) => from + at),
        );
        expect([...new Set(covered)].sort((a, b) => a - b)).toEqual(covered);
        const isIn = new Set(covered);
        lines.forEach((text, at) => {
          if (text !== '') expect(isIn.has(at)).toBe(true);
        });
        const asked = blocksOf(lines, maxLines);
        for (let from = lines.length - 7; from >= 0; from -= 50) {
          const range = { from, to: from + 45 };
          const expected = all.filter((block) => block.to > range.from && block.from < range.to);
          expect(asked.within(range)).toEqual(expected);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('reads no more than what is near', () => {
    const lines = Array.from({ length: 10_000 }, (_, at) => `line ${at}`);
    const read: number[] = [];
    const blocks = new CodeBlocks(
      (from, to) => {
        for (let at = from; at < to; at++) read.push(at);
        return lines.slice(from, to).join('\n');
      },
      lines.length,
      20,
    );
    expect(blocks.within({ from: 5000, to: 5020 }).length).toBeGreaterThan(0);
    expect(Math.min(...read)).toBeGreaterThan(4600);
    expect(Math.max(...read)).toBeLessThan(5400);
  });

  it('is the same of a text that is being edited', () => {
    fc.assert(
      fc.property(texts, (lines) => {
        const text = lines.join('\n');
        const range = { from: 0, to: lines.length };
        const live = LiveText.of(text, '').whole().blocks(12).within(range);
        expect(live).toEqual(new TextLines(text).blocks(12).within(range));
      }),
      { numRuns: 30 },
    );
  });
});
