import { createHash } from 'node:crypto';
import { parsePolicy, parsePolicyDocument } from '@repoformer/policy';
import { beforeAll, describe, expect, it } from 'vitest';
import { fitPolicy, type FitOptions } from './fit-policy.js';
import { formatReport } from './fit-report.js';
import type { FitHole, FitTable } from './fit-table.js';
import { syntheticTable, SYNTHETIC_TOKENS } from './testing.js';

const options: FitOptions = { name: 'synthetic', generator: { name: 'none' }, folds: 3, draws: 60 };
const withoutProbes = ({ readoutTokens: _, holes, ...table }: FitTable): FitTable => ({
  ...table,
  holes: holes.map(({ probe: _, ...hole }) => hole),
});

describe('fitPolicy', () => {
  describe('on holes whose gain two features and the hidden state decide', () => {
    const table = syntheticTable({
      holes: 800,
      repositories: 12,
      effects: { bestScore: 0.8, noveltyAll: 1.2 },
      hiddenEffect: 1.5,
    });
    let fitted: ReturnType<typeof fitPolicy>;
    beforeAll(() => {
      fitted = fitPolicy(table, options);
    });
    const candidate = (name: string) =>
      fitted.report.candidates.find((each) => each.name === name)!.evaluation;

    it('finds them, and leaves trees aside where sums are the truth', () => {
      expect(fitted.report.features.slice(0, 2).map(({ name }) => name)).toEqual(['noveltyAll', 'bestScore']);
      expect(fitted.report.chosen.free).toMatch(/^(few-logistic|free-logistic|free-sparse)$/);
      expect(fitted.report.chosen.probed).toMatch(/^combined-(logistic|sparse)-readout-decision$/);
      expect(fitted.report.chosen.chunks).toBe(true);
      expect(candidate('free-logistic').auc).toBeGreaterThan(0.65);
      expect(candidate('free-logistic').qini.value).toBeGreaterThan(candidate('similarity').qini.value + 0.1);
    });

    it('hears the hidden state through the read-out, at the place where it shows', () => {
      expect(candidate('readout-decision').auc).toBeGreaterThan(0.68);
      expect(Math.abs(candidate('readout-first').auc - 0.5)).toBeLessThan(0.08);
      expect(candidate('combined-logistic-readout-decision').qini.value).toBeGreaterThan(
        candidate('free-logistic').qini.value + 0.08,
      );
      const { readout, band } = fitted.document.stages.probed!;
      expect(readout).toMatchObject({ place: 'decision', tokens: SYNTHETIC_TOKENS });
      expect(readout!.weights[1]!).toBeGreaterThan(0);
      expect(readout!.weights[3]!).toBeLessThan(0);
      expect(band![0]).toBeLessThan(fitted.document.threshold);
      expect(band![1]).toBeGreaterThan(fitted.document.threshold);
    });

    it('gives probabilities that mean what they say, on repositories of their own', () => {
      expect(fitted.report.calibrated.onOwnRepositories).toBe(true);
      expect(fitted.report.calibrated.probed!.ece).toBeLessThan(0.1);
    });

    it('predicts which chunk brings something', () => {
      expect(fitted.report.chunks!.correlation.value).toBeGreaterThan(0.8);
      const policy = parsePolicy(JSON.stringify(fitted.document));
      const hole = table.holes[0]!;
      const row = (noveltyNew: number) =>
        fitted.document.features.chunk.map((name) => (name === 'noveltyNew' ? noveltyNew : 0));
      const [good, bad] = policy.chunkGains({ hole: hole.holeFeatures, chunks: [row(2), row(-2)] })!;
      expect(good).toBeGreaterThan(0);
      expect(bad).toBeLessThan(0);
    });

    it('writes a document that loads, and says the same', () => {
      const text = JSON.stringify(fitted.document);
      const policy = parsePolicy(text);
      expect(JSON.parse(text)).toEqual(parsePolicyDocument(text));
      expect(fitted.document.golden.length).toBeGreaterThanOrEqual(8);
      for (const { hole, chunks, probe, expected } of fitted.document.golden) {
        expect(policy.probability({ hole, chunks })).toBe(expected.free);
        expect(policy.probability({ hole, chunks }, probe)).toBe(expected.probed);
      }
      expect(policy.probeNeeds).toEqual({
        decisionProbability: false,
        firstToken: true,
        readout: { place: 'decision', tokens: SYNTHETIC_TOKENS },
      });
      expect(fitted.document.training).toMatchObject({
        repositories: 9,
        calibrationRepositories: 3,
        target: 'es',
      });
      expect(fitted.document.gains.default!.helps).toBeCloseTo(20, 0);
    });

    it('does not depend on the order of the holes', () => {
      const shuffled = { ...table, holes: [...table.holes].reverse() };
      const again = fitPolicy(shuffled, options).document;
      expect(digest(again)).toBe(digest(fitted.document));
    });

    it('reports what it tried', () => {
      const text = formatReport(fitted.report);
      for (const name of ['similarity', 'free-trees', 'readout-decision', 'noveltyAll'])
        expect(text).toContain(name);
      expect(text).toContain(`Chosen: ${fitted.report.chosen.free}, and ${fitted.report.chosen.probed}`);
      expect(text).not.toMatch(/NaN|undefined|Infinity/);
    });
  });

  it('takes trees where only they can tell', () => {
    const table = withoutProbes(
      syntheticTable({
        holes: 900,
        repositories: 12,
        effects: { bestScore: 2, noveltyAll: 2 },
        interaction: true,
      }),
    );
    const { document, report } = fitPolicy(table, options);
    expect(report.chosen.free).toMatch(/^free-trees/);
    expect(document.stages.probed).toBeUndefined();
    expect(parsePolicy(JSON.stringify(document)).probeNeeds).toBeUndefined();
  });

  it('learns from what chunks show where labels are few', () => {
    const table = withoutProbes(
      syntheticTable({
        holes: 150,
        unlabelled: 1_500,
        repositories: 12,
        effects: Object.fromEntries(
          ['bestScore', 'noveltyAll', 'nearRarity', 'lineDepth', 'meanScore'].map((name) => [name, 0.5]),
        ),
      }),
    );
    const { document, report } = fitPolicy(table, options);
    expect(report.chosen.free).toBe('coverage');
    expect(document.training).toMatchObject({ holes: 113 });
    const qiniOf = (name: string) =>
      report.candidates.find((each) => each.name === name)!.evaluation.qini.value;
    expect(qiniOf('coverage')).toBeGreaterThan(qiniOf('free-logistic') + 0.1);
    expect(report.chunks).toMatchObject({ rows: 3 * 113, used: true });
    const shuffled = {
      ...table,
      holes: [...table.holes].reverse(),
      coverage: [...table.coverage!].reverse(),
    };
    expect(digest(fitPolicy(shuffled, options).document)).toBe(digest(document));
  });

  it('takes the candidates that it is told to, whatever is better', () => {
    const table = syntheticTable({ holes: 300, repositories: 6, effects: { bestScore: 1 } });
    const forced = { free: 'free-ridge', probed: 'combined-logistic-readout-first' };
    const { report, document } = fitPolicy(table, { ...options, forced });
    expect(report.chosen).toMatchObject(forced);
    expect(document.stages.probed!.readout!.place).toBe('first');
    expect(report.candidates.length).toBeGreaterThan(4);
    const unknown = () => fitPolicy(table, { ...options, forced: { free: 'nothing' } });
    expect(unknown).toThrow(/nothing; there are: similarity, /);
    const unprobed = () => fitPolicy(withoutProbes(table), { ...options, forced: { probed: 'first-token' } });
    expect(unprobed).toThrow(/first-token; there are: none/);
  });

  it('asks no model where that brings nothing', () => {
    const table = syntheticTable({ holes: 400, repositories: 8, effects: { bestScore: 2 } });
    expect(fitPolicy(table, options).report.chosen.probed).toBeUndefined();
  });

  it('calibrates by cross-validation where there are no calibration repositories, and fits by likelihood', () => {
    const { holes } = withoutProbes(
      syntheticTable({ holes: 200, repositories: 5, effects: { bestScore: 2 } }),
    );
    const table = { holes: holes.map((hole): FitHole => ({ ...hole, split: 'train' })) };
    for (const target of ['logLikelihood', 'mixed'] as const) {
      const { document, report } = fitPolicy(table, { ...options, target, minimumGain: 0.02 });
      expect(report.calibrated.onOwnRepositories).toBe(false);
      expect(document.training).toMatchObject({ target, minimumGain: 0.02, calibrationHoles: 0 });
      expect(document.stages.free.calibration.kind).toBe('platt');
    }
  });

  const small = withoutProbes(
    syntheticTable({ holes: 80, repositories: 4, effects: { bestScore: 1 } }),
  ).holes;
  it.each<[string, FitTable, RegExp]>([
    ['too few holes', { holes: small.slice(0, 30) }, /fewer than 40; label more/],
    [
      'one repository',
      { holes: small.map((hole) => ({ ...hole, repository: 'r', split: 'train' })) },
      /one repository/,
    ],
    [
      'context that never helps',
      { holes: small.map((hole) => ({ ...hole, gainEs: -1 })) },
      /helps in 0 of 60/,
    ],
    ['a hole twice', { holes: [...small, small[0]!] }, /is there twice/],
    ['features of another version', { holes: [{ ...small[0]!, holeFeatures: [1] }] }, /finite features/],
    ['a gain that is none', { holes: [{ ...small[0]!, gainEs: NaN }] }, /not finite/],
    [
      'a read-out without its tokens',
      { holes: [{ ...small[0]!, probe: { readouts: { decision: [-1] } } }] },
      /another length/,
    ],
  ])('refuses %s', (_, table, message) => {
    expect(() => fitPolicy(table, options)).toThrow(message);
    expect(() => fitPolicy(table, options)).toThrow(expect.objectContaining({ reason: 'CONFIG_INVALID' }));
  });
});

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
