import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CompletionFilter, type FilterOptions, type StopRule } from './completion-filter.js';

const DEFAULTS: FilterOptions = { typed: '    ', suffix: '', maxLines: 0, stop: [], headers: [] };

/** Streams `text` in pieces of `size` characters; returns what was shown and why it stopped. */
function run(
  text: string,
  options: Partial<FilterOptions> = {},
  size = 1,
): { text: string; stop?: StopRule; steps: string[] } {
  const filter = new CompletionFilter({ ...DEFAULTS, ...options });
  const steps: string[] = [];
  for (let at = 0; at < text.length; at += size) {
    const step = filter.push(text.slice(at, at + size));
    steps.push(step.text);
    if (step.stop) return { text: steps.join(''), stop: step.stop, steps };
  }
  steps.push(filter.end());
  return { text: steps.join(''), steps };
}

describe('CompletionFilter', () => {
  it.each<[string, string, Partial<FilterOptions>, string, StopRule | undefined]>([
    ['passes plain text', 'return x', {}, 'return x', undefined],
    ['drops trailing white space', 'return x\n\n', {}, 'return x', undefined],
    ['ends at a dedent', 'a = 1\n    b = 2\ndef f():', {}, 'a = 1\n    b = 2', 'dedent'],
    [
      'takes the scope from the first line when nothing is typed',
      '    a\n    b\nc',
      { typed: '' },
      '    a\n    b',
      'dedent',
    ],
    ['keeps deeper lines', 'if a:\n        b\n    c', {}, 'if a:\n        b\n    c', undefined],
    [
      'ends when the statement begun on the line is complete',
      ':\n        b\n    c = 1\n',
      { typed: '    if a' },
      ':\n        b',
      'block_complete',
    ],
    [
      'goes on with else',
      ':\n        b\n    else:\n        c\n',
      { typed: '    if a' },
      ':\n        b\n    else:\n        c',
      undefined,
    ],
    [
      'keeps the closing brace',
      ' {\n        b();\n    }\n    c();\n',
      { typed: '    if (a)' },
      ' {\n        b();\n    }',
      'block_complete',
    ],
    ['ends at two blank lines', 'a\n\n\n    b', {}, 'a', 'blank_lines'],
    ['keeps one blank line', 'a\n\n    b', {}, 'a\n\n    b', undefined],
    ['ends after the line limit', 'a\n    b\n    c', { maxLines: 2 }, 'a\n    b', 'max_lines'],
    ['does not count blank lines', 'a\n\n    b\n    c', { maxLines: 2 }, 'a\n\n    b', 'max_lines'],
    ['ends before a stop string', 'foo(); // END bar', { stop: ['// END'] }, 'foo();', 'stop_string'],
    [
      'ends where the next line of the suffix is reached',
      'a\n    return y\n',
      { suffix: '\n\n    return y\n' },
      'a',
      'suffix_reached',
    ],
    [
      'drops an unfinished repetition of the next line',
      'a\n    return y',
      { suffix: '\n    return y\n' },
      'a',
      undefined,
    ],
    [
      'keeps a line that only begins like the next one',
      'a\n    return yes',
      { suffix: '\n    return y\n' },
      'a\n    return yes',
      undefined,
    ],
    [
      'drops a bracket that stands behind the cursor',
      'x, y)',
      { typed: '    foo(', suffix: ')\n' },
      'x, y',
      'suffix_reached',
    ],
    [
      'drops it with what follows',
      'x);\n    z',
      { typed: '    foo(', suffix: ');\n' },
      'x',
      'suffix_reached',
    ],
    ['keeps a bracket of its own', 'bar(x)', { typed: '    foo(', suffix: ')\n' }, 'bar(x)', undefined],
    [
      'keeps a bracket that is still missing',
      'x)',
      { typed: '    foo(bar(', suffix: ')\n' },
      'x)',
      undefined,
    ],
    [
      'drops the rest of the line when repeated',
      'a + 1 if b',
      { typed: '    x = ', suffix: ' if b\n' },
      'a + 1',
      undefined,
    ],
    [
      'ends before a chunk header',
      'a\n    b\n    # lib/x.py\n    c',
      { headers: ['# lib/x.py'] },
      'a\n    b',
      'header',
    ],
    [
      'ends a loop of lines',
      'f(1)\n    f(1)\n    f(1)\n    f(1)\n    f(1)\n',
      { typed: '    ' },
      'f(1)\n    f(1)\n    f(1)\n    f(1)',
      'repetition',
    ],
    [
      'ends a loop of blocks',
      'x\n    a()\n    b()\n    a()\n    b()\n    a()\n    b()\n',
      {},
      'x\n    a()\n    b()\n    a()\n    b()',
      'repetition',
    ],
  ])('%s', (_, generated, options, expected, stop) => {
    for (const size of [1, 3, 1000]) {
      const result = run(generated, options, size);
      expect(result.text, `pieces of ${size}`).toBe(expected);
      expect(result.stop).toBe(stop);
    }
  });

  it('ends a loop inside a line', () => {
    const result = run('x = [' + '0, '.repeat(200));
    expect(result.stop).toBe('repetition');
    expect(result.text.length).toBeLessThan(60);
    const longer = run('x = y' + ' + y + z + w + x'.repeat(20));
    expect(longer.stop).toBe('repetition');
    expect(longer.text.length).toBeLessThan(60);
  });

  it('shows text at once when no rule can cut it', () => {
    expect(run('foo = bar', { suffix: '\n    return y\n' }).steps.slice(0, 4).join('')).toBe('foo');
  });

  it('shows the same whatever pieces the text comes in, and only a beginning of it', () => {
    const line = fc.constantFrom(
      '    a()',
      '        b()',
      'c',
      '',
      '    return y',
      '    # h',
      '    }',
      '    x)',
      ' if b',
    );
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 12 }),
        fc.integer({ min: 1, max: 9 }),
        fc.record({
          typed: fc.constantFrom('', '    ', '    f(', 'if a'),
          suffix: fc.constantFrom('', ')\n', '\n    return y\n', ' if b\n'),
          maxLines: fc.integer({ min: 0, max: 3 }),
          stop: fc.constantFrom([], ['b('], ['\n\n']),
          headers: fc.constantFrom([], ['# h']),
        }),
        (lines, size, options) => {
          const text = lines.join('\n');
          const whole = run(text, options, 1e6);
          const pieces = run(text, options, size);
          expect(text.startsWith(pieces.text)).toBe(true);
          expect(pieces.text.startsWith(whole.text) || whole.text.startsWith(pieces.text)).toBe(true);
          for (const stop of options.stop) expect(pieces.text).not.toContain(stop);
          if (options.maxLines > 0) {
            expect(pieces.text.split('\n').filter((each) => each.trim() !== '').length).toBeLessThanOrEqual(
              options.maxLines,
            );
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});
