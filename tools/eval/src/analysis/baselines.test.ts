import { describe, expect, it } from 'vitest';
import type { Outcome } from '../results.js';
import { analyse } from './analyse.js';
import { sketchHole } from './testing.js';

const outcome = (editSimilarity: number): Outcome => ({
  ...sketchHole({ similarities: [editSimilarity] }).outcomes[0],
});
const holes = [
  sketchHole({ id: 'a', repository: 'r', similarities: [100, 50] }),
  sketchHole({ id: 'b', repository: 's', similarities: [60, 80] }),
  sketchHole({ id: 'c', repository: 's', similarities: [20, 20] }),
];
const analysed = (outcomes: Record<string, Outcome>) =>
  analyse(holes, [], { resamples: 20 }, [
    { label: 'counts', description: 'Counts.', outcomes: new Map(Object.entries(outcomes)) },
  ]).baselines[0]!;

describe('baselines', () => {
  it('are held against the model without context, at the holes that both completed', () => {
    const { holes: count, quality, neverLess } = analysed({ a: outcome(40), b: outcome(100), z: outcome(0) });
    expect(count).toBe(2);
    expect(quality.editSimilarity?.estimate).toBe(70);
    expect(quality.exactMatch?.estimate).toBe(50);
    // (100 − 40 + 60 − 100) / 2, and one exact match each.
    expect(neverLess.editSimilarity?.estimate).toBe(10);
    expect(neverLess.exactMatch?.estimate).toBe(0);
  });

  it('have no likelihoods to compare: their tokens are others', () => {
    const likely = { ...outcome(50), logLikelihood: -0.1 };
    expect(analysed({ a: likely, b: likely }).quality.logLikelihood).toBeUndefined();
  });

  it('must have completed something', () => {
    expect(() => analysed({ z: outcome(1) })).toThrow(/"counts" has completed none of the holes/);
  });
});
