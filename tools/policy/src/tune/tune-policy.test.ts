import { createFittedPolicy, parsePolicy, sigmoid } from '@repoformer/policy';
import { describe, expect, it } from 'vitest';
import { fitPolicy } from '../fit/fit-policy.js';
import { syntheticTable } from '../fit/testing.js';
import type { FitHole } from '../fit/fit-table.js';
import { fitCorrection, recalibrated } from './recalibrate.js';
import { LEAST_HOLES, tunePolicy, type TuneHole } from './tune-policy.js';

const effects = { bestScore: 2 };
const { document } = fitPolicy(syntheticTable({ holes: 400, repositories: 8, effects }), {
  name: 'base',
  generator: { name: 'model' },
  draws: 20,
});
const OPTIONS = { lambda: 0.2, msPerContextToken: 4 };

/** Holes of ten files; `gainOf` is what one chunk changes. */
function tuneHoles(count: number, gainOf: (hole: FitHole) => number, seed = 5): TuneHole[] {
  return syntheticTable({ holes: count, repositories: 8, effects, seed }).holes.map((hole, at) => ({
    group: `file${at % 10}`,
    language: hole.language,
    features: { hole: hole.holeFeatures, chunks: hole.chunkFeatures },
    similarities: [50, 50 + gainOf(hole)],
    contextMs: [0, 600],
    tokensPerChunk: [150],
  }));
}

describe('fitCorrection', () => {
  it('finds the distortion of probabilities', () => {
    const logits = Array.from({ length: 4000 }, (_, at) => (at % 81) / 20 - 2);
    // What is said is twice too sure of itself and too hopeful; the truth is what it would be without.
    const said = logits.map((each) => sigmoid(2 * each + 0.8));
    let carry = 0;
    const helped = logits.map((each) => {
      carry += sigmoid(each);
      const happens = carry >= 1;
      if (happens) carry -= 1;
      return happens;
    });
    const { slope, shift } = fitCorrection(said, helped);
    expect(slope).toBeCloseTo(0.5, 1);
    expect(shift).toBeCloseTo(-0.4, 1);
  });

  it('changes next to nothing where there is next to nothing to learn from', () => {
    const { slope, shift } = fitCorrection([0.5], [true]);
    expect(Math.abs(slope - 1)).toBeLessThan(0.01);
    expect(Math.abs(shift)).toBeLessThan(0.5);
    expect(fitCorrection([], [])).toEqual({ slope: 1, shift: 0 });
  });

  it('never turns the order around', () => {
    const said = Array.from({ length: 200 }, (_, at) => (at + 0.5) / 200);
    const { slope } = fitCorrection(
      said,
      said.map((p) => p < 0.5),
    );
    expect(slope).toBeGreaterThan(0);
  });
});

describe('recalibrated', () => {
  it('gives a document that loads, with corrected probabilities', () => {
    const changes = {
      name: 'base tuned',
      free: { slope: 0.5, shift: -1 },
      probed: undefined,
      gains: { helps: 10, hurts: 5 },
    };
    const changed = recalibrated(document, changes);
    const policy = parsePolicy(JSON.stringify(changed));
    const original = createFittedPolicy(document);
    const [hole] = tuneHoles(1, () => 0);
    const logit = (p: number) => Math.log(p / (1 - p));
    const before = original.probability(hole!.features);
    expect(logit(policy.probability(hole!.features))).toBeCloseTo(0.5 * logit(before) - 1, 6);
    expect(policy.defaultThreshold).toBeCloseTo(1 / 3, 9);
  });
});

describe('tunePolicy', () => {
  it('learns that context hurts in a repository, where it used to help', () => {
    const result = tunePolicy(
      document,
      tuneHoles(300, () => -10),
      OPTIONS,
    );
    expect(result.before.retrieved).toBeGreaterThan(0.1);
    expect(result.after.retrieved).toBeLessThan(result.before.retrieved / 2);
    expect(result.difference.estimate).toBeGreaterThan(result.difference.standardError);
    expect(result.document?.name).toBe('base tuned');
    const tuned = parsePolicy(JSON.stringify(result.document));
    const holes = tuneHoles(100, () => 0, 9);
    const cost = { ...OPTIONS, tokensPerChunk: [150] };
    const counts = holes.map(({ features }) => tuned.chooseChunks(features, undefined, cost).count);
    expect(counts.filter((count) => count > 0).length).toBeLessThan(10);
  });

  it('leaves a policy alone that is right already', () => {
    const result = tunePolicy(
      document,
      tuneHoles(300, ({ gainEs }) => gainEs),
      OPTIONS,
    );
    // It may find a little; never a loss that it would write.
    if (result.document) expect(result.difference.estimate).toBeGreaterThan(result.difference.standardError);
    expect(result.after.utility).toBeGreaterThan(result.before.utility - 1);
  });

  it('changes nothing on too few holes, or holes of too few files', () => {
    const few = tuneHoles(LEAST_HOLES - 1, () => -10);
    expect(tunePolicy(document, few, OPTIONS).document).toBeUndefined();
    const oneFile = tuneHoles(300, () => -10).map((hole) => ({ ...hole, group: 'file' }));
    expect(tunePolicy(document, oneFile, OPTIONS).document).toBeUndefined();
  });

  it('judges on holes that it was not tuned on', () => {
    // What helps is decided by the toss of a coin for each file: nothing that could be learnt from other files.
    const holes = tuneHoles(300, () => 0).map((hole) => {
      const gain = Number(hole.group.slice(4)) % 2 === 0 ? 15 : -15;
      return { ...hole, similarities: [50, 50 + gain] };
    });
    const { difference } = tunePolicy(document, holes, OPTIONS);
    expect(difference.estimate).toBeLessThan(2 * difference.standardError);
  });
});
