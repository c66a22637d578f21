import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { completeByNgram, NgramModel, type SourceFile } from './index.js';
import { lexCode } from './lexer.js';
import { NgramCounts } from './ngram-counts.js';

/** How often `sequence` occurs in `text`; with `followed`, only where a token stands after it. */
function recount(text: readonly number[], sequence: readonly number[], followed = false): number {
  let count = 0;
  const last = text.length - sequence.length - (followed ? 1 : 0);
  for (let at = 0; at <= last; at++)
    if (sequence.every((token, offset) => text[at + offset] === token)) count++;
  return count;
}

describe('NgramCounts', () => {
  it('counts as a naive recount does', () => {
    const texts = fc.array(fc.array(fc.nat(3), { maxLength: 40 }), { maxLength: 4 });
    const sequence = fc.array(fc.nat(3), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(texts, sequence, (all, one) => {
        const counts = new NgramCounts(4);
        for (const text of all) counts.add(text);
        const node = one.reduce((at, token) => counts.find(at, token), NgramCounts.ROOT);
        const sum = (followed: boolean): number =>
          all.reduce((total, text) => total + recount(text, one, followed), 0);
        expect(counts.countOf(node)).toBe(sum(false));
        // Sequences of full length are counted, but not what follows them.
        if (one.length < 4) expect(counts.continuationsOf(node)).toBe(sum(true));
        const successors = new Map(
          [...counts.successors(node)].map(([token, child]) => [token, counts.countOf(child)]),
        );
        for (let token = 0; token <= 3 && one.length < 4; token++) {
          const expected = all.reduce((total, text) => total + recount(text, [...one, token]), 0);
          expect(successors.get(token) ?? 0).toBe(expected);
        }
      }),
    );
  });

  it('goes on counting when it grows', () => {
    const counts = new NgramCounts(2);
    const text = Array.from({ length: 20_000 }, (_, index) => (index * index) % 9_973);
    counts.add(text);
    for (const at of [0, 77, 19_998]) {
      const node = counts.find(counts.find(NgramCounts.ROOT, text[at] as number), text[at + 1] as number);
      expect(counts.countOf(node)).toBe(recount(text, text.slice(at, at + 2)));
    }
  });
});

const word = fc.constantFrom('a', 'b', 'c', '(', ')', '.', '\n', '\n  ', ' ');
const text = fc.array(word, { maxLength: 40 }).map((words) => words.join(''));

/** The definition, token by token: Jelinek-Mercer over all context lengths, weights 1, 2 and 8. */
function naiveProbability(
  others: readonly (SourceFile & { near: boolean })[],
  around: readonly string[],
  history: readonly string[],
  token: string,
): number {
  const weighted: { tokens: readonly string[]; weight: number }[] = [
    ...others.flatMap(({ text: content, near }) => {
      const tokens = [...lexCode(content).tokens, ''];
      return [{ tokens, weight: 1 }, ...(near ? [{ tokens, weight: 2 }] : [])];
    }),
    { tokens: lexCode(around[0] as string, { open: true }).tokens, weight: 8 },
    { tokens: lexCode(around[1] as string).tokens, weight: 8 },
  ];
  let probability = 2 ** -16;
  for (let length = 0; length <= Math.min(5, history.length); length++) {
    const context = history.slice(history.length - length);
    let [seen, all] = [0, 0];
    for (const { tokens, weight } of weighted) {
      for (let at = 0; at + length < tokens.length; at++) {
        if (!context.every((one, offset) => tokens[at + offset] === one)) continue;
        all += weight;
        if (tokens[at + length] === token) seen += weight;
      }
    }
    if (all === 0) break;
    probability = 0.5 * (seen / all) + 0.5 * probability;
  }
  return probability;
}

describe('NgramModel', () => {
  it('agrees with a naive recount of all files but the hole’s own', () => {
    fc.assert(
      fc.property(text, text, text, text, text, text, (own, near, far, prefix, suffix, probe) => {
        const model = new NgramModel([
          { path: 'src/own.py', text: own },
          { path: 'src/near.py', text: near },
          { path: 'far.py', text: far },
        ]);
        const before = lexCode(prefix, { open: true });
        const context = model.at('src/own.py', before, lexCode(suffix));
        const others = [
          { path: 'src/near.py', text: near, near: true },
          { path: 'far.py', text: far, near: false },
        ];
        const tokens = lexCode(probe).tokens;
        tokens.forEach((token, at) => {
          const history = tokens.slice(0, at);
          const expected = naiveProbability(others, [prefix, suffix], history, token);
          expect(context.probability(history, token)).toBeCloseTo(expected, 12);
        });
      }),
      { numRuns: 200 },
    );
  });

  it('predicts the most probable of the tokens that ever followed the last one', () => {
    fc.assert(
      fc.property(text, text, text, (own, near, prefix) => {
        const model = new NgramModel([
          { path: 'own.py', text: own },
          { path: 'near.py', text: near },
        ]);
        const { tokens } = lexCode(prefix, { open: true });
        const context = model.at('own.py', { ...lexCode(prefix, { open: true }) }, lexCode(''));
        const texts = [tokens, [...lexCode(near).tokens, '']];
        const followers = texts.flatMap((one) =>
          one.filter((_, at) => at > 0 && one[at - 1] === tokens.at(-1)),
        );
        const candidates = followers.length > 0 ? followers : texts.flat();
        const best = Math.max(...candidates.map((token) => context.probability(tokens, token)));
        const predicted = context.predict(tokens) as string;
        expect(context.probability(tokens, predicted)).toBe(best);
      }),
      { numRuns: 200 },
    );
  });

  it('keeps every file apart: asking for one does not change another', () => {
    const files = ['a', 'b', 'c'].map((name) => ({
      path: `${name}.py`,
      text: `${name} = ${name}\n`.repeat(3),
    }));
    const model = new NgramModel(files);
    const ask = (path: string): number => model.at(path, lexCode(''), lexCode('')).probability(['b'], '=');
    const first = [ask('a.py'), ask('b.py'), ask('c.py')];
    expect([ask('a.py'), ask('b.py'), ask('c.py')]).toEqual(first);
    expect(first[1]).toBeLessThan(first[0] as number);
  });
});

const IDIOM = (name: string): string =>
  `def load_${name}(path):\n    with open(path, encoding="utf-8") as handle:\n        return json.load(handle)\n`;

describe('completeByNgram', () => {
  const model = new NgramModel([
    ...['users', 'orders', 'items'].map((name) => ({
      path: `src/${name}.py`,
      text: `import json\n\n\n${IDIOM(name)}`,
    })),
    { path: 'src/own.py', text: 'import json\n\n\ndef load_all(path):\n    secret_of_this_file(path)\n' },
  ]);
  const hole = (prefix: string, suffix = ''): { path: string; prefix: string; suffix: string } => ({
    path: 'src/own.py',
    prefix,
    suffix,
  });

  it('completes an idiom of the repository, with its spaces and its indentation', () => {
    const prefix = 'import json\n\n\ndef load_all(path):\n    ';
    expect(completeByNgram(model, hole(prefix), { lines: 1 })).toBe(
      'with open(path, encoding="utf-8") as handle:',
    );
    expect(completeByNgram(model, hole(prefix), { lines: 2 })).toBe(
      'with open(path, encoding="utf-8") as handle:\n        return json.load(handle)',
    );
  });

  it('ends with the block when no number of lines is given', () => {
    const prefix = 'class A:\n    def load_all(path):\n        ';
    expect(completeByNgram(model, hole(prefix, '\n\nother = 1\n'))).toBe(
      'with open(path, encoding="utf-8") as handle:\n            return json.load(handle)',
    );
  });

  it('goes on in the middle of a line, and of a word', () => {
    expect(completeByNgram(model, hole('    with open(path, '), { lines: 1 })).toBe(
      'encoding="utf-8") as handle:',
    );
    expect(completeByNgram(model, hole('    with open(path, enc'), { lines: 1 })).toBe(
      'oding="utf-8") as handle:',
    );
    expect(completeByNgram(model, hole('    with open(path'), { lines: 1 })).toBe(
      ', encoding="utf-8") as handle:',
    );
  });

  it('learns from the file before and after the hole, above all', () => {
    const prefix = 'x = json.dump(a)\ny = json.dump(b)\nz = json.';
    expect(completeByNgram(model, hole(prefix), { maxTokens: 1 })).toBe('dump');
    expect(
      completeByNgram(model, hole('z = json.', '\nx = json.loads(b)\n'.repeat(3)), { maxTokens: 1 }),
    ).toBe('loads');
  });

  it('does not know what its own file has in the hole', () => {
    const prefix = 'import json\n\n\ndef load_all(path):\n    ';
    expect(completeByNgram(model, hole(prefix), { lines: 1 })).not.toContain('secret');
    expect(completeByNgram(model, { ...hole(prefix), path: 'src/new.py' }, { lines: 1, maxTokens: 1 })).toBe(
      'with',
    );
    expect(completeByNgram(model, hole('secret'), { maxTokens: 1 })).toBe('');
  });

  it('is bounded, also where there is nothing to learn from', () => {
    const empty = new NgramModel([]);
    expect(completeByNgram(empty, hole('', ''))).toBe('');
    expect(completeByNgram(empty, hole('a '.repeat(50)), { maxTokens: 5 })).toBe('a a a a a');
    expect(completeByNgram(model, hole('import '), { lines: 0 })).toBe('');
    expect(completeByNgram(model, hole('x = 1\n'), { maxTokens: 0 })).toBe('');
  });

  it('never throws and always ends, whatever the code', () => {
    fc.assert(
      fc.property(text, text, fc.nat(4), (prefix, suffix, lines) => {
        const one = completeByNgram(model, hole(prefix, suffix), { lines, maxTokens: 30 });
        expect(completeByNgram(model, hole(prefix, suffix), { lines, maxTokens: 30 })).toBe(one);
      }),
    );
  });
});
