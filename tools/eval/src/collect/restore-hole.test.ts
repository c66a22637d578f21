import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sketchHoleRecord } from '../testing.js';
import { restoreHole } from './restore-hole.js';

const record = (prefix: string, middle: string, suffix: string) =>
  sketchHoleRecord({ id: 'r', prefix, middle, suffix, completions: [] });

describe('restoreHole', () => {
  it('finds the hole in all of its file', () => {
    const text = '# head\na = 1\nb = 2\nc = 3\n# tail\n';
    expect(restoreHole(record('a = 1\n', 'b = 2', '\nc'), text)).toMatchObject({
      prefix: '# head\na = 1\n',
      middle: 'b = 2',
      suffix: '\nc = 3\n# tail\n',
    });
  });

  it('gives nothing where the text is not there, or twice, even overlapping itself', () => {
    expect(restoreHole(record('a', 'b', 'c'), 'abd')).toBeUndefined();
    expect(restoreHole(record('a', 'b', 'c'), 'abc abc')).toBeUndefined();
    expect(restoreHole(record('a', 'b', 'a'), 'ababa')).toBeUndefined();
  });

  it('puts together what the file is made of, wherever it is cut', () => {
    const part = fc.string({ minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(part, part, part, fc.nat(20), fc.nat(20), (before, middle, after, from, to) => {
        const text = before + middle + after;
        const restored = restoreHole(record(before.slice(from), middle, after.slice(0, to)), text);
        if (!restored) return;
        expect(restored.prefix + restored.middle + restored.suffix).toBe(text);
        expect(restored.middle).toBe(middle);
      }),
    );
  });
});
