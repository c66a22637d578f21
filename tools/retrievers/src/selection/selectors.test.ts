import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isBlank } from '@repoformer/retrieval';
import { wordsOf } from '../corpus/words.js';
import type { Ranking, ScoredCandidate, ShownSpan } from '../ports.js';
import { coverNames } from './cover-names.js';
import { fillBudget } from './fill-budget.js';
import { SELECTOR_NAMES, SELECTORS } from './selector-table.js';
import { lineTokens, SPAN_TOKENS, spanTokens } from './token-cost.js';

const FILE = ['one', 'two', '', 'three', 'four', 'five', 'six'];

function chunk(startLine: number, endLine: number, more: Partial<ScoredCandidate> = {}): ScoredCandidate {
  return { path: 'a', isOwn: false, lines: FILE, kind: 'code', score: 1, startLine, endLine, ...more };
}

const wanted = () => false;
const shown = (spans: readonly ShownSpan[]) => spans.map(({ path, text }) => `${path}: ${text.join(' ')}`);
const budgetOf = (...spans: readonly string[][]) => spans.reduce((sum, lines) => sum + spanTokens(lines), 0);

describe('filling', () => {
  const merged = fillBudget({ name: 'merged', overlapping: 'merged' });
  const dropped = fillBudget({ name: 'dropped', overlapping: 'dropped' });
  const select = (chunks: ScoredCandidate[], budgetTokens = 1000, selector = merged) =>
    shown(selector.select({ chunks }, { budgetTokens, isUnwanted: wanted }));

  it('puts together what overlaps or follows, blank lines apart', () => {
    expect(select([chunk(0, 2), chunk(4, 6), chunk(1, 5)])).toEqual(['a: one two three four five']);
    expect(select([chunk(3, 5), chunk(0, 2)])).toEqual(['a: one two three four']);
    expect(select([chunk(0, 2), chunk(4, 6)])).toEqual(['a: one two', 'a: four five']);
  });

  it('leaves out what overlaps where it is told to', () => {
    expect(select([chunk(0, 4), chunk(3, 6), chunk(4, 6)], 1000, dropped)).toEqual([
      'a: one two three four five',
    ]);
  });

  it('keeps the order of the ranking, and files and the current one apart', () => {
    const chunks = [chunk(4, 6), chunk(0, 2, { path: 'b' }), chunk(0, 2), chunk(4, 6, { isOwn: true })];
    // The last is the same text as the first.
    expect(select(chunks)).toEqual(['a: four five', 'b: one two']);
    const own = chunk(5, 7, { isOwn: true });
    expect(select([chunk(4, 6), own])).toEqual(['a: four five', 'a: five six']);
  });

  it('cuts the last chunk after a whole line', () => {
    const exact = budgetOf(['one', 'two', 'three']);
    expect(select([chunk(0, 7)], exact)).toEqual(['a: one two three']);
    expect(select([chunk(0, 7)], exact - 0.1)).toEqual(['a: one two']);
    expect(select([chunk(0, 7)], SPAN_TOKENS)).toEqual([]);
  });

  it('leaves out what is unwanted, and what scores too little', () => {
    const options = { budgetTokens: 1000, isUnwanted: (text: string) => text.includes('one') };
    expect(shown(merged.select({ chunks: [chunk(0, 2), chunk(4, 6)] }, options))).toEqual(['a: four five']);
    const choosy = fillBudget({ name: 'choosy', overlapping: 'merged', leastScore: 0.5 });
    expect(select([chunk(0, 2), chunk(4, 6, { score: 0.4 })], 1000, choosy)).toEqual(['a: one two']);
  });

  it('shows heads before bodies, within their share', () => {
    const first = fillBudget({ name: 'first', overlapping: 'merged', signatureShare: 0.5 });
    const heads = [3, 5].map((line) => chunk(line, line + 1, { kind: 'signature', path: 'b' }));
    const budget = 2 * spanTokens(['three']) + 1;
    expect(select([chunk(0, 2), ...heads], budget, first)[0]).toBe('b: three');
    expect(select([chunk(0, 2), ...heads], budget)[0]).toBe('a: one two');
  });
});

const PROBABLE = new Map([
  ['needed', 0.5],
  ['likely', 0.3],
  ['rare', 0.05],
]);

describe('covering', () => {
  const lines = ['x', 'x', 'needed', 'x', 'likely', 'x', 'needed likely', 'x', 'rare', 'x'];
  const ranking = (...chunks: ScoredCandidate[]): Ranking => ({ chunks, names: PROBABLE });
  const cover = (leastLines: number | 'whole', chances = 0) =>
    coverNames({ name: 'cover', leastLines, leastChance: chances });
  const all = chunk(0, lines.length, { lines });
  const options = { budgetTokens: 1000, isUnwanted: wanted };

  it('takes what adds most chance a token, each name once', () => {
    const spans = cover(1).select(ranking(all), options);
    expect(shown(spans)).toEqual(['a: needed likely', 'a: rare']);
    expect(spans.map(({ score }) => score)).toEqual([0.8, 0.05]);
  });

  it('takes no fewer lines than it is told, but for shorter chunks', () => {
    expect(shown(cover(3).select(ranking(all), options))[0]).toBe('a: needed x likely');
    expect(shown(cover(8).select(ranking(chunk(6, 8, { lines })), options))).toEqual(['a: needed likely x']);
  });

  it('takes whole chunks, or cuts them at the budget', () => {
    expect(shown(cover('whole').select(ranking(chunk(2, 6, { lines })), options))).toEqual([
      'a: needed x likely x',
    ]);
    const budgetTokens = spanTokens(['needed', 'x', 'likely']);
    expect(
      shown(cover('whole').select(ranking(chunk(2, 6, { lines })), { ...options, budgetTokens })),
    ).toEqual(['a: needed x likely']);
  });

  it('stops where nothing is worth its tokens', () => {
    expect(shown(cover(1, 0.1).select(ranking(all), options))).toEqual(['a: needed likely']);
    expect(cover(1, 0.9).select(ranking(all), options)).toEqual([]);
  });

  it('needs to be told which names are needed', () => {
    expect(() => cover(1).select({ chunks: [all] }, options)).toThrow('which names are needed');
  });
});

const word = fc.constantFrom('alpha', 'beta', 'gamma', 'delta', 'none', 'other_long_word', '');
const file = fc.array(
  fc.array(word, { maxLength: 3 }).map((words) => words.join(' ')),
  { minLength: 1, maxLength: 25 },
);
const chances = new Map([
  ['alpha', 0.4],
  ['beta', 0.25],
  ['gamma', 0.15],
  ['delta', 0.01],
]);

const rankingOfFiles = fc.array(file, { minLength: 1, maxLength: 3 }).chain((files) =>
  fc
    .array(
      fc.record({
        file: fc.nat(files.length - 1),
        start: fc.nat(24),
        length: fc.integer({ min: 1, max: 12 }),
        kind: fc.constantFrom('code' as const, 'signature' as const),
        isOwn: fc.boolean(),
      }),
      { maxLength: 12 },
    )
    .map((chunks): Ranking => {
      const candidates = chunks.flatMap(({ file: number, start, length, kind, isOwn }) => {
        const lines = files[number]!;
        const endLine = Math.min(lines.length, start + length);
        return start < endLine ? [chunk(start, endLine, { path: `${number}`, lines, kind, isOwn })] : [];
      });
      return { chunks: candidates, names: chances };
    }),
);

describe.each(SELECTOR_NAMES)('%s', (name) => {
  it('keeps within the budget, shows whole lines of chunks, none twice and none blank', () => {
    expect(SELECTORS[name].name).toBe(name);
    fc.assert(
      fc.property(rankingOfFiles, fc.integer({ min: 0, max: 150 }), (ranking, budgetTokens) => {
        const spans = SELECTORS[name].select(ranking, {
          budgetTokens,
          isUnwanted: (text) => text.includes('none'),
        });
        const tokens = spans.reduce((sum, { text }) => sum + spanTokens(text), 0);
        expect(tokens).toBeLessThanOrEqual(budgetTokens + 1e-9);
        const lines = new Set<string>();
        for (const { path, isOwn, startLine, endLine, text, fileLines } of spans) {
          expect(text).toEqual(fileLines.slice(startLine, endLine).filter((line) => !isBlank(line)));
          for (let line = startLine; line < endLine; line++) {
            if (isBlank(fileLines[line])) continue;
            const key = `${path} ${isOwn} ${line}`;
            expect(lines.has(key)).toBe(false);
            lines.add(key);
            expect(
              ranking.chunks.some(
                (each) =>
                  each.path === path && each.isOwn === isOwn && each.startLine <= line && line < each.endLine,
              ),
            ).toBe(true);
          }
        }
      }),
      { numRuns: 150 },
    );
  });
});

/** Every span of every chunk looked at in each round. */
function coverNaively({ chunks }: Ranking, leastLines: number, budgetTokens: number): string[] {
  const taken = new Set<string>();
  const covered = new Set<string>();
  const steps: string[] = [];
  for (let left = budgetTokens; ;) {
    let best: { keys: string[]; words: Set<string>; density: number; tokens: number } | undefined;
    for (const { path, isOwn, lines, startLine, endLine } of chunks.slice(0, 40)) {
      const numbers = lines.flatMap((line, at) =>
        at < startLine || at >= endLine || isBlank(line) ? [] : [at],
      );
      for (let from = 0; from < numbers.length; from++) {
        for (let to = from + Math.min(leastLines, numbers.length); to <= numbers.length; to++) {
          const span = numbers.slice(from, to);
          const keys = span.map((line) => `${path} ${isOwn} ${line}`);
          if (keys.some((key) => taken.has(key))) continue;
          const words = new Set<string>();
          let chance = 0;
          for (const line of span) {
            // Line by line, so that the sums are rounded alike.
            const added = [...new Set(wordsOf(lines[line]!))].filter((each) => !words.has(each));
            for (const each of added) words.add(each);
            chance += added.reduce(
              (sum, each) => sum + (covered.has(each) ? 0 : (chances.get(each) ?? 0)),
              0,
            );
          }
          const tokens = span.reduce((sum, line) => sum + lineTokens(lines[line]!), SPAN_TOKENS);
          if (chance === 0 || tokens > left) continue;
          if (best === undefined || chance / tokens > best.density) {
            best = { keys, words, density: chance / tokens, tokens };
          }
        }
      }
    }
    if (best === undefined) return steps;
    for (const key of best.keys) taken.add(key);
    for (const each of best.words) covered.add(each);
    left -= best.tokens;
    steps.push(...best.keys);
  }
}

it('covers as if every span were looked at each time', () => {
  fc.assert(
    fc.property(
      rankingOfFiles,
      fc.integer({ min: 20, max: 150 }),
      fc.integer({ min: 1, max: 6 }),
      (ranking, budgetTokens, leastLines) => {
        const selector = coverNames({ name: 'cover', leastLines });
        const spans = selector.select(ranking, { budgetTokens, isUnwanted: wanted });
        const lines = spans.flatMap(({ path, isOwn, startLine, endLine, fileLines }) =>
          fileLines.flatMap((line, at) =>
            at < startLine || at >= endLine || isBlank(line) ? [] : [`${path} ${isOwn} ${at}`],
          ),
        );
        expect(lines.sort()).toEqual(coverNaively(ranking, leastLines, budgetTokens).sort());
      },
    ),
    { numRuns: 300 },
  );
});
