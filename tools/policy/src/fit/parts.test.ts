import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crossPredict, foldsByRepository } from './folds.js';
import { freeThreshold, gainsByLanguage } from './gains.js';
import { clipperOf, rankedTarget, targetGains } from './targets.js';
import { Matrix } from '../models/matrix.js';
import { fitRidge } from '../models/ridge-regression.js';
import { crossScore, unfolded } from './tune.js';
import { syntheticTable } from './testing.js';
import { uncertainBand } from './uncertain-band.js';

describe('foldsByRepository', () => {
  it('never parts a repository, and fills the folds evenly', () => {
    const repositories = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'), {
      minLength: 1,
      maxLength: 60,
    });
    fc.assert(
      fc.property(repositories, fc.integer({ min: 2, max: 5 }), fc.integer(), (names, count, seed) => {
        const folds = foldsByRepository(names, count, seed);
        names.forEach((name, row) => expect(folds[row]).toBe(folds[names.indexOf(name)]));
        const distinct = new Set(names).size;
        expect(new Set(folds).size).toBe(Math.min(count, distinct));
        const sizes = [...new Set(folds)].map((fold) => folds.filter((each) => each === fold).length);
        const largest = Math.max(...names.map((name) => names.filter((each) => each === name).length));
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(largest);
      }),
    );
  });

  it('predicts each row by what was fitted without its fold', () => {
    const folds = Int32Array.of(0, 1, 2, 1, 0);
    const seen = crossPredict(folds, (rows, fold) => {
      expect(rows.some((row) => folds[row] === fold)).toBe(false);
      return (held) => held.map((row) => 10 * rows.length + row);
    });
    expect([...seen]).toEqual([30, 31, 42, 33, 34]);
  });
});

describe('crossScore', () => {
  it('does not rank repositories by what the others gain', () => {
    // A model of nothing but a constant knows only the base rate of the other repositories.
    const folds = Int32Array.from({ length: 60 }, (_, row) => row % 3);
    const y = Float64Array.from(folds, (fold, row) => (row % 10 < 2 + 3 * fold ? 1 : 0));
    const x = Matrix.of(Array.from(folds, () => [0]));
    const { scores, level } = crossScore(unfolded(x), folds, (of, rows) =>
      fitRidge(
        of,
        Float64Array.from(rows, (row) => y[row]!),
        { penalty: 1 },
      ),
    );
    scores.forEach((each) => expect(each).toBeCloseTo(level, 12));
    expect(level).toBeCloseTo(y.reduce((sum, each) => sum + each, 0) / 60, 12);
  });
});

describe('targets', () => {
  const { holes } = syntheticTable({ holes: 200, repositories: 4, effects: {} });

  it('clip the ends and leave the rest', () => {
    const clip = clipperOf([...Array.from({ length: 99 }, (_, at) => at), 1e9], 0.05);
    expect([clip(-50), clip(50), clip(1e9)]).toEqual([4, 50, 95]);
  });

  it('rank within (0, 1)', () => {
    expect([...rankedTarget(Float64Array.of(5, -1, 5, 1e9))]).toEqual([0.5, 0.125, 0.5, 0.875]);
  });

  it('mix both gains, each in units of its spread', () => {
    const mixed = targetGains(holes, 'mixed');
    const scaled = targetGains(
      holes.map((hole) => ({ ...hole, gainLogLikelihood: 1_000 * hole.gainLogLikelihood })),
      'mixed',
    );
    mixed.forEach((value, row) => expect(value).toBeCloseTo(scaled[row]!, 9));
    expect([...targetGains(holes, 'es')]).toEqual(holes.map((hole) => hole.gainEs));
  });
});

describe('gains', () => {
  const hole = (gainEs: number, language: string) => ({
    ...syntheticTable({ holes: 1, repositories: 1, effects: {} }).holes[0]!,
    gainEs,
    language,
  });

  it('are means where it helps and where it does not, by language where there are holes enough', () => {
    const holes = [
      ...Array.from({ length: 200 }, (_, at) => hole(at % 2 === 0 ? 30 : -10, 'python')),
      ...Array.from({ length: 100 }, (_, at) => hole(at % 2 === 0 ? 3 : 0, 'rust')),
    ];
    const gains = gainsByLanguage(
      holes,
      holes.map(({ gainEs }) => gainEs > 0),
    );
    expect(Object.keys(gains)).toEqual(['default', 'python']);
    expect(gains.python).toEqual({ helps: 30, hurts: 10 });
    expect(gains.default!.helps).toBeCloseTo(21, 12);
    expect(freeThreshold(gains.python!)).toBe(0.25);
  });

  it('are never negative, and never nothing where it helps', () => {
    expect(gainsByLanguage([hole(-1, 'c'), hole(4, 'c')], [true, false]).default).toEqual({
      helps: 0.1,
      hurts: 0,
    });
  });
});

describe('uncertainBand', () => {
  it('is the narrowest that keeps nine tenths of what asking brings', () => {
    // Asking changes the decision for the second and the third hole, and brings 9 and 1.
    const free = Float64Array.of(0.1, 0.4, 0.2, 0.9);
    const probed = Float64Array.of(0.1, 0.9, 0.9, 0.9);
    const [low, high] = uncertainBand(free, probed, [5, 9, 1, 5], 0.5)!;
    expect(low).toBeCloseTo(0.4, 4);
    expect(high).toBeCloseTo(0.6, 4);
    expect(low).toBeLessThan(0.4);
  });

  it('is not there where asking brings nothing', () => {
    expect(uncertainBand(Float64Array.of(0.4), Float64Array.of(0.9), [-3], 0.5)).toBeUndefined();
  });
});
