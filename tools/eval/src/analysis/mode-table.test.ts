import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HoleResult } from '../results.js';
import { Resampler } from './bootstrap.js';
import { clusterNames } from './clusters.js';
import { groupTables, modeRows, type ModeRow } from './mode-table.js';
import { modesOf, policyMode } from './modes.js';
import { outcomeAt } from './outcomes.js';
import { arbitraryResults, sketchHole } from './testing.js';

const spec = { name: 'p', threshold: 0.5, label: 'p', description: '' };
const options = { resamples: 200 };

function rowsOf(results: readonly HoleResult[], more: object = {}): Record<string, ModeRow> {
  const resampler = new Resampler(clusterNames(results, 'repository'), options);
  const rows = modeRows(results, modesOf(results, [{ ...spec, ...more }]), resampler);
  return Object.fromEntries(rows.map((row) => [row.key, row]));
}

/** Two repositories; context helps the first hole, hurts the second, changes nothing at the third; a fourth has none. */
const results = [
  sketchHole({
    similarities: [40, 100],
    policies: { p: 1 },
    passed: [false, true],
    logLikelihoods: [-2, -1],
    timings: [
      [0, 100, 0, 200],
      [20, 110, 90, 180],
    ],
  }),
  sketchHole({
    repository: 's',
    kind: 'function',
    similarities: [80, 60],
    policies: { p: 1 },
    timings: [
      [0, 200, 0, 400],
      [30, 200, 170, 400],
    ],
  }),
  sketchHole({
    similarities: [100, 100],
    policies: { p: 0 },
    passed: [true, true],
    logLikelihoods: [-1, -3],
    timings: [
      [0, 100, 0, 100],
      [10, 100, 100, 90],
    ],
  }),
  sketchHole({ repository: 's', similarities: [20], policies: { p: 0 }, timings: [[5, 60, 0, 80]] }),
];

describe('the table of modes, by hand', () => {
  const { never, always, 'p@0.5': policy, oracle } = rowsOf(results);
  const es = (row?: ModeRow) => row?.quality.editSimilarity?.estimate;

  it('averages quality over the holes that have it', () => {
    expect([es(never), es(always), es(policy), es(oracle)]).toEqual([60, 70, 70, 75]);
    expect(never?.quality.exactMatch?.estimate).toBe(25);
    expect(policy?.quality.exactMatch?.estimate).toBe(50);
    expect(never?.quality.identifierF1?.estimate).toBe(30);
    expect([never, policy].map((row) => row?.quality.passed?.estimate)).toEqual([50, 100]);
    expect([never, always, policy].map((row) => row?.quality.logLikelihood?.estimate)).toEqual([
      -1.5, -2, -1,
    ]);
  });

  it('counts requests that got context, and its tokens', () => {
    expect([never?.share, always?.share, policy?.share, oracle?.share]).toEqual([0, 0.75, 0.5, 0.25]);
    expect(always?.contextTokens).toBe(75);
  });

  it('adds up stages, cold and warm; abstaining costs the search where the policy looks first', () => {
    // never: 300, 600, 200, 140; always: 400, 800, 300, 145.
    expect(never?.latency.cold).toEqual({ mean: 310, p50: 200, p95: 600 });
    expect(never?.latency.warm).toEqual({ mean: 195, p50: 100, p95: 400 });
    expect(always?.latency.cold).toEqual({ mean: 411.25, p50: 300, p95: 800 });
    expect(always?.latency.warm).toEqual({ mean: 293.75, p50: 200, p95: 600 });
    expect(always?.latency.stages.retrieve).toEqual({ mean: 16.25, p50: 10, p95: 30 });
    // The policy abstains at the third (200 + 10 to search) and has nothing at the fourth (140 + 5).
    expect(policy?.latency.cold.mean).toBe((400 + 800 + 210 + 145) / 4);
    expect(rowsOf(results, { looksFirst: false, decisionMs: 7 })['p@0.5']?.latency.cold.mean).toBe(
      (400 + 800 + 200 + 140) / 4 + 7,
    );
  });

  it('gives the paper’s speed-up, a ratio of means', () => {
    expect(never?.speedUp.cold?.estimate).toBeCloseTo(1 - 310 / 411.25, 12);
    expect(never?.speedUp.warm?.estimate).toBeCloseTo(1 - 195 / 293.75, 12);
    expect(always?.speedUp.cold).toMatchObject({ estimate: 0, low: 0, high: 0 });
  });

  it('compares hole by hole', () => {
    expect(policy?.versusNever.editSimilarity?.estimate).toBe(10);
    expect(policy?.versusAlways.editSimilarity?.estimate).toBe(0);
    expect(oracle?.versusAlways.editSimilarity?.estimate).toBe(5);
    expect(policy?.versusNever.passed?.estimate).toBe(50);
  });

  it('compares with coin tosses at its own rate, exactly', () => {
    // Two of three holes with hits: 60 + (60 - 20 + 0) * (2 / 3) / 4.
    expect(policy?.random?.quality.editSimilarity).toBeCloseTo(60 + 80 / 12, 12);
    expect(policy?.random?.difference.editSimilarity?.estimate).toBeCloseTo(10 - 80 / 12, 12);
    // never + 2/3 of (100 + 200 + 100) / 4, the search included.
    expect(policy?.random?.latency.cold.mean).toBeCloseTo(310 + ((2 / 3) * 400) / 4, 9);
    // Which two of three: gains 60 - 20, 60 + 0, -20 + 0, a quarter of each.
    const sums = [10, 15, -5];
    const middle = 20 / 3;
    const scatter = Math.sqrt(sums.reduce((sum, one) => sum + (one - middle) ** 2, 0) / 3);
    expect(policy?.random?.drawStandardError).toBeCloseTo(scatter, 12);
    expect(never?.random).toBeUndefined();
  });

  it('judges abstentions only where there was something to abstain from', () => {
    expect(policy?.abstentions).toMatchObject({ holes: 3, abstained: 1, right: 1 });
    expect(policy?.abstentions?.base?.estimate).toBeCloseTo(2 / 3, 12);
  });

  it('shows groups by themselves, the largest first', () => {
    const groups = groupTables(results, modesOf(results, [spec]), 'kind', options);
    expect(groups.map(({ value, holes, repositories }) => [value, holes, repositories])).toEqual([
      ['line', 3, 2],
      ['function', 1, 1],
    ]);
    const line = groups[0]?.rows.find(({ key }) => key === 'p@0.5');
    expect(line?.quality.editSimilarity?.estimate).toBeCloseTo((100 + 100 + 20) / 3, 12);
    expect(line?.share).toBeCloseTo(1 / 3, 12);
    expect(groups[1]?.rows[0]?.quality.editSimilarity).toEqual({ estimate: 80 });
  });
});

describe('coin tosses, against all ways they can fall', () => {
  /** Every order in which the decisions could have been dealt out to the holes with hits. */
  function* deals<T>(items: readonly T[]): Generator<T[]> {
    if (items.length === 0) yield [];
    for (let i = 0; i < items.length; i++) {
      for (const rest of deals([...items.slice(0, i), ...items.slice(i + 1)])) yield [items[i] as T, ...rest];
    }
  }

  it('agree in mean and scatter, whether a policy says yes or how many', () => {
    const few = arbitraryResults(2).map((all) => all.slice(0, 6));
    fc.assert(
      fc.property(few, fc.boolean(), (holes, byChunks) => {
        const said = holes.map((hole) => ({
          ...hole,
          policies: { p: (hole.policies['p'] ?? 0) * (byChunks ? 4 : 1) },
        }));
        const how = { ...spec, says: byChunks ? ('chunks' as const) : ('score' as const) };
        const mode = policyMode(said, how, 'listed');
        const withHits = said.filter(({ outcomes }) => outcomes.length > 1);
        fc.pre(withHits.length > 1);
        const depths = said.flatMap(({ outcomes }, row) =>
          outcomes.length > 1 ? [mode.depths?.[row] ?? 0] : [],
        );
        const rest = said
          .filter(({ outcomes }) => outcomes.length === 1)
          .reduce((sum, { outcomes }) => sum + outcomes[0].editSimilarity, 0);
        const means = [...deals(depths)].map(
          (deal) =>
            deal.reduce((sum, depth, i) => {
              const hole = withHits[i];
              return sum + (hole ? outcomeAt(hole, depth).editSimilarity : 0);
            }, rest) / said.length,
        );
        const middle = means.reduce((sum, one) => sum + one, 0) / means.length;
        const variance = means.reduce((sum, one) => sum + (one - middle) ** 2, 0) / means.length;
        const [row] = modeRows(
          said,
          [mode],
          new Resampler(clusterNames(said, 'repository'), { resamples: 10 }),
        );
        expect(row?.random?.quality.editSimilarity).toBeCloseTo(middle, 8);
        expect(row?.random?.drawStandardError).toBeCloseTo(Math.sqrt(variance), 6);
        const mine = row?.quality.editSimilarity?.estimate ?? NaN;
        expect(row?.random?.difference.editSimilarity?.estimate).toBeCloseTo(mine - middle, 8);
      }),
      { numRuns: 40 },
    );
  });
});
