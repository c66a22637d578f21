import { describe, expect, it } from 'vitest';
import { qualityColumn } from './expectation.js';
import { depthRates, modesOf, policyMode, randomMode } from './modes.js';
import type { PolicySpec } from './policies.js';
import { sketchHole } from './testing.js';

const spec = (more: Partial<PolicySpec> = {}): PolicySpec => ({
  name: 'p',
  threshold: 0.5,
  label: 'p',
  description: '',
  ...more,
});

const results = [
  sketchHole({ similarities: [50, 60, 80], policies: { p: 0.9, n: 1, self: 0.25 }, scores: [0.4] }),
  sketchHole({ similarities: [50, 90, 20], policies: { p: 0.5, n: 0, self: 0.6 }, scores: [0.3] }),
  sketchHole({ similarities: [70, 70], policies: { p: 0.6, n: 7, self: 0.1 }, scores: [0.2] }),
  sketchHole({ similarities: [40], policies: { p: 1, n: 2 } }),
  sketchHole({ similarities: [30, 60], policies: {}, scores: [0.1] }),
];
const indices = (picks: readonly (readonly { index: number }[])[]) => picks.map((pick) => pick[0]?.index);

describe('modes', () => {
  it('use context above the threshold, not at it, and never without hits or an answer', () => {
    expect(indices(policyMode(results, spec(), 'listed').picks)).toEqual([2, 0, 1, 0, 0]);
  });

  it('use as many chunks as a policy asks for, at most what there are', () => {
    expect(indices(policyMode(results, spec({ name: 'n', says: 'chunks' }), 'listed').picks)).toEqual([
      1, 0, 1, 0, 0,
    ]);
  });

  it('know the best hit as the similarity policy', () => {
    const mode = policyMode(results, spec({ name: 'similarity', threshold: 0.25 }), 'listed');
    expect(indices(mode.picks)).toEqual([2, 2, 0, 0, 0]);
    expect(mode.looksFirst).toBe(true);
    expect(policyMode(results, spec({ name: 'self' }), 'listed').looksFirst).toBe(false);
    expect(policyMode(results, spec({ name: 'self', looksFirst: true }), 'listed').looksFirst).toBe(true);
  });

  it('toss coins among holes with hits, at the rate of the mode they stand beside', () => {
    const random = randomMode(results, policyMode(results, spec(), 'listed'));
    expect(random.picks[0]).toEqual([
      { index: 0, weight: 0.5 },
      { index: 2, weight: 0.5 },
    ]);
    expect(random.picks[3]).toEqual([{ index: 0, weight: 1 }]);
    expect(depthRates(results, [1, 0, 7, 2, 0])).toEqual([
      { depth: 0, rate: 0.5 },
      { depth: 1, rate: 0.25 },
      { depth: 7, rate: 0.25 },
    ]);
  });

  it('have oracles that abstain on a tie and take the fewest chunks', () => {
    const modes = modesOf(results, []);
    const picks = (key: string) => indices(modes.find((mode) => mode.key === key)?.picks ?? []);
    expect(picks('oracle')).toEqual([2, 0, 0, 0, 1]);
    expect(picks('oracle-k')).toEqual([2, 1, 0, 0, 1]);
    expect(picks('never')).toEqual([0, 0, 0, 0, 0]);
    expect(picks('always')).toEqual([2, 2, 1, 0, 1]);
  });

  it('tell abstaining, which may copy from what was found, from retrieving nothing', () => {
    const helped = [...results, sketchHole({ similarities: [60, 80], alone: 40, scores: [0.4] })];
    const modes = modesOf(helped, [spec({ name: 'self', threshold: 0.9 })]);
    const mode = (key: string) => modes.find((each) => each.key === key)!;
    const quality = (key: string) => qualityColumn(helped, mode(key), 'editSimilarity').at(-1);
    expect([quality('never'), quality('copy'), quality('self@0.9'), quality('always')]).toEqual([
      40, 60, 60, 80,
    ]);
    expect(indices(mode('never').picks).slice(0, -1)).toEqual([0, 0, 0, 0, 0]);
    expect(['never', 'copy', 'self@0.9'].map((key) => mode(key).looksFirst)).toEqual([false, true, true]);
    expect(modesOf(results, []).map(({ key }) => key)).not.toContain('copy');
  });

  it('add the usual references, but none that was asked about', () => {
    const keys = modesOf(results, [spec({ name: 'self', threshold: 0.2 })]).map(({ key, family }) => [
      family,
      key,
    ]);
    expect(keys).toEqual([
      ['fixed', 'never'],
      ['listed', 'self@0.2'],
      ['random', 'random~self@0.2'],
      ['reference', 'self@0.3'],
      ['reference', 'self@0.5'],
      ['reference', 'similarity@0.3'],
      ['reference', 'similarity@0.2'],
      ['reference', 'similarity@0.1'],
      ['fixed', 'always'],
      ['oracle', 'oracle'],
      ['oracle', 'oracle-k'],
    ]);
    const without = modesOf([sketchHole({ similarities: [1, 2] })], [spec({ name: 'similarity' })]);
    expect(without.map(({ key }) => key)).toEqual([
      'never',
      'similarity@0.5',
      'random~similarity@0.5',
      'always',
      'oracle',
      'oracle-k',
    ]);
  });

  it('take Selective_G from the written-down argmax where there is one', () => {
    const greedy = [sketchHole({ similarities: [1, 2], policies: { self: 0.4, 'self-greedy': 1 } })];
    const mode = modesOf(greedy, []).find(({ label }) => label === 'Selective_G');
    expect(mode).toMatchObject({ key: 'self-greedy@0.5', depths: [Infinity], looksFirst: false });
  });
});
