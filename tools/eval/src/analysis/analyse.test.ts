import { AppError } from '@repoformer/domain';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HoleResult } from '../results.js';
import { analyse as analyseExactly } from './analyse.js';
import { arbitraryResults, sketchHole } from './testing.js';
import { against, count, duration, percent, points, withInterval } from './words.js';

const policy = { name: 'p', threshold: 0.5, label: 'p', description: '' };
const options = { resamples: 300 };

/** Spaces that do not break, as ones that do: sentences are compared as they are read. */
function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value).replaceAll('\u00a0', ' ')) as T;
}

const analyse: typeof analyseExactly = (...all) => plain(analyseExactly(...all));

/** Holes of which context changes each by the next of the gains, over ten repositories. */
function holes(
  length: number,
  gains: readonly number[],
  said: readonly number[] = [0],
  alone?: number,
): HoleResult[] {
  return Array.from({ length }, (_, i) =>
    sketchHole({
      id: `${i}`,
      repository: `r${i % 10}`,
      // Coprime with the repositories, so that each has all gains.
      similarities: [50, 50 + (gains[Math.floor(i / 10) % gains.length] ?? 0)],
      policies: { p: said[Math.floor(i / 10) % said.length] ?? 0 },
      ...(alone !== undefined && { alone }),
    }),
  );
}

describe('verdict and answers say what is true', () => {
  it('context that helps everywhere: always, for certain', () => {
    const { verdict, answers } = analyse(holes(300, [10, 12, 8]), [policy], options);
    expect(verdict).toMatchObject({ pays: 'yes', confidence: 'certain', recommended: { key: 'always' } });
    expect(verdict.headline).toMatch(/^Context from other files pays here: .*\+10\.0/);
    expect(answers.notHelpful.sentence).toContain('brought 0 completions of 300 no closer to the truth: 0 %');
    expect(answers.policies[0]?.abstentionsRight.sentence).toContain('right in 0: 0 %');
    expect(answers.policies[0]?.saved).toMatchObject({ harmless: 'no' });
    expect(answers.policies[0]?.saved.sentence).toContain('a loss that is no accident');
  });

  it('context that hurts everywhere: never, for certain', () => {
    const { verdict, answers } = analyse(holes(300, [-10, -12, -8], [0, 1, 1]), [policy], options);
    expect(verdict).toMatchObject({ pays: 'no', confidence: 'certain', recommended: { key: 'never' } });
    expect(verdict.headline).toMatch(/does harm here: .*−10\.0/);
    expect(verdict.advice).toContain('Turn context off');
    expect(answers.notHelpful.value?.estimate).toBe(1);
  });

  it('a policy that knows: it, though always does nothing on average', () => {
    const { verdict, answers } = analyse(holes(300, [10, -10, 0], [1, 0, 0]), [policy], options);
    expect(verdict).toMatchObject({
      pays: 'indifferent',
      confidence: 'certain',
      recommended: { key: 'p@0.5', threshold: 0.5 },
    });
    expect(verdict.headline).toMatch(/pays here where “p” asks for it: \+3\.3 .* less time than always/);
    expect(verdict.reasons.join(' ')).toContain('it knows where context helps');
    expect(verdict.advice).toContain('at threshold 0.5: context for 33 % of the requests');
    expect(answers.policies[0]?.abstentionsRight.value?.estimate).toBe(1);
  });

  it('copying that does as well as reading: reading nothing, and how to have it', () => {
    const { verdict } = analyse(holes(300, [-1, -2, 0], [1, 0, 1], 42), [policy], options);
    expect(verdict).toMatchObject({ pays: 'yes', recommended: { key: 'copy' } });
    expect(verdict.headline).toMatch(/pays here copied from, unread: \+8\.0 .* less time than always/);
    expect(verdict.advice).toMatch(
      /^Read nothing: use the policy “never”; what is found is still copied from/,
    );
  });

  it('copying that does harm: nothing at all', () => {
    const { verdict } = analyse(holes(300, [-10, -12, -8], [0], 60), [policy], options);
    expect(verdict.recommended?.key).toBe('never');
    expect(verdict.advice).toContain('ask in mode “never”');
  });

  it('a policy that chooses the wrong ones is not recommended, and said to be worse than dice', () => {
    const { verdict, modes } = analyse(holes(300, [10, -10, 0], [0, 1, 0]), [policy], options);
    expect(verdict.recommended?.key).toBe('never');
    expect(modes.find(({ key }) => key === 'p@0.5')?.random?.difference.editSimilarity?.high).toBeLessThan(0);
  });

  it.each([1, 12, 29])('with %i holes nothing can be told', (length) => {
    const { verdict, answers } = analyse(holes(length, [10, -3]), [policy], options);
    expect(verdict).toMatchObject({ pays: 'unknown', confidence: 'none' });
    expect(verdict.recommended).toBeUndefined();
    expect(verdict.headline).toBe(
      `Whether retrieval pays here cannot be told with ${count(length, 'hole')}.`,
    );
    expect(answers.policies[0]?.saved.harmless).toBe('unknown');
    expect(answers.notHelpful.sentence).toContain('too few to tell');
  });

  it('nothing found anywhere', () => {
    const none = Array.from({ length: 50 }, (_, i) =>
      sketchHole({ repository: `${i}`, similarities: [50], policies: { p: 1 } }),
    );
    const { verdict, answers, effect } = analyse(none, [policy], options);
    expect(verdict.headline).toBe(
      'Whether retrieval pays here cannot be told with 50 holes, 0 of them with context.',
    );
    expect(answers.notHelpful.sentence).toBe(
      'Context was found for none of 50 holes: whether it helps cannot be told.',
    );
    expect(answers.policies[0]?.abstentionsRight.sentence).toContain('no abstention to judge');
    expect(effect).toMatchObject({ holes: 0, withoutHits: 50, unchanged: 0 });
  });

  it('noise: neither pays nor harms, and says so', () => {
    const gains = [40, -40, 35, -38, 0, 30, -20];
    const { verdict } = analyse(
      Array.from({ length: 70 }, (_, i) =>
        sketchHole({
          repository: `r${i % 10}`,
          similarities: [50, 50 + (gains[(i * 3 + (i >> 3)) % 7] ?? 0)],
          policies: { p: 0 },
        }),
      ),
      [policy],
      options,
    );
    expect(verdict.pays).toBe('unknown');
    expect(verdict.headline).toContain('cannot be told with 70 holes');
  });

  it('a policy slower than always costs time, in words too', () => {
    const slow = { ...policy, decisionMs: 1000 };
    const saved = analyse(holes(100, [5, 0], [1, 0]), [slow], options).answers.policies[0]?.saved;
    expect(saved?.value?.estimate).toBeLessThan(0);
    expect(saved?.sentence).toMatch(/“p” costs \d+ % \(95 % interval \d+ % to \d+ %\) more time/);
  });

  it('on one repository intervals are over its files', () => {
    const one = holes(100, [10, 12]).map((hole, i) => ({
      ...hole,
      repository: 'mine',
      path: `${i % 20}.ts`,
    }));
    const { unit, verdict } = analyse(one, [policy], options);
    expect(unit).toBe('file');
    expect(verdict.reasons.at(-1)).toBe(
      'Intervals say what to expect of other files of the same repositories.',
    );
  });
});

describe('analyse', () => {
  it('is total: any results give numbers that JSON keeps, and the same ones again', () => {
    fc.assert(
      fc.property(arbitraryResults(), (results) => {
        const said = results.some(({ policies }) => 'p' in policies) ? [policy] : [];
        const analysis = analyse(results, said, { resamples: 20 });
        // Chart code and readers rely on it: no NaN and no Infinity, which JSON would turn into null.
        expect(JSON.stringify(analysis)).not.toContain('null');
        expect(JSON.stringify(analyse(results, said, { resamples: 20 }))).toBe(JSON.stringify(analysis));
        expect(JSON.stringify(analysis.answers) + JSON.stringify(analysis.verdict)).not.toMatch(
          /NaN|undefined|Infinity/,
        );
      }),
      { numRuns: 40 },
    );
  });

  const hole = sketchHole({ id: 'x', similarities: [1, 2], policies: { p: 1 } });
  const broken = (outcome: object): HoleResult => ({
    ...hole,
    outcomes: [hole.outcomes[0], { ...hole.outcomes[0], ...outcome }],
  });
  it.each<[string, HoleResult[], (typeof policy)[], RegExp]>([
    ['no holes', [], [], /no hole to judge; run the evaluation/],
    ['a hole twice', [hole, hole], [], /hole x comes twice/],
    ['a null number', [broken({ editSimilarity: null })], [], /hole x lacks an outcome or a number/],
    ['a missing stage', [broken({ timings: { retrieveMs: 1 } })], [], /hole x lacks/],
    ['no outcome', [{ ...hole, outcomes: [] as unknown as HoleResult['outcomes'] }], [], /hole x lacks/],
    ['a policy twice', [hole], [policy, policy], /"p@0.5" is listed twice/],
    ['a policy without answers', [hole], [{ ...policy, name: 'q' }], /no hole has an answer of "q"/],
  ])('refuses %s', (_, results, policies, message) => {
    expect(() => analyse(results, policies)).toThrow(AppError);
    expect(() => analyse(results, policies)).toThrow(message);
  });
});

describe('words', () => {
  it('say numbers as people read them', () => {
    expect([0.815, 1, 0, 0.042, -0.2, -0.0001].map((share) => plain(percent(share)))).toEqual([
      '82 %',
      '100 %',
      '0 %',
      '4.2 %',
      '−20 %',
      '0 %',
    ]);
    expect([1.24, -0.4, 0.04, -0.04].map(points)).toEqual(['+1.2', '−0.4', '±0.0', '±0.0']);
    expect([0.4, 12.4, 940, 1250, 12_400].map((ms) => plain(duration(ms)))).toEqual([
      '0.4 ms',
      '12 ms',
      '940 ms',
      '1.3 s',
      '12 s',
    ]);
    expect([1, 2, 1234].map((n) => count(n, 'hole'))).toEqual(['1 hole', '2 holes', '1,234 holes']);
    expect(withInterval({ estimate: 1 }, points)).toBe('+1.0 (interval unknown)');
  });

  it('compare an interval with a published number', () => {
    const interval = { estimate: 0.8, low: 0.7, high: 0.9 };
    expect([0.6, 0.8, 0.95].map((published) => against(interval, published))).toEqual([
      'above',
      'agrees',
      'below',
    ]);
    expect(against({ estimate: 1 }, 0.5)).toBe('unknown');
  });
});
