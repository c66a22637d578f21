import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseChunks, type ChoiceInput, type CostModel } from './choose-chunks.js';
import { EAGERNESS, EAGERNESS_NAMES } from './eagerness.js';
import { createFittedPolicy } from './fitted-policy.js';
import { documentOf, featuresOf } from './testing.js';

const input = (
  changes: Partial<Omit<ChoiceInput, 'cost'>> = {},
  cost: Partial<CostModel> = {},
): ChoiceInput => ({
  probability: 0.5,
  gains: { helps: 25, hurts: 5 },
  defaultThreshold: 0.4,
  chunkGains: undefined,
  contextChunks: 4,
  ...changes,
  cost: { msPerContextToken: 1, tokensPerChunk: [58, 58], lambda: 2, ...cost },
});

describe('chooseChunks', () => {
  it('compares the chance with (h + λΔT) / (g + h)', () => {
    // (5 + 2 · 116 / 100) / 30 = 0.244.
    const at = (probability: number) => chooseChunks(input({ probability }));
    expect(at(0.245)).toMatchObject({
      count: 2,
      expectedCostMs: 116,
      reason: expect.stringContaining('above 24 %'),
    });
    expect(at(0.245).threshold).toBeCloseTo(0.244, 12);
    expect(at(0.245).expectedGain).toBeCloseTo(0.245 * 25 - 0.755 * 5, 12);
    expect(at(0.244)).toMatchObject({ count: 0, expectedGain: 0, expectedCostMs: 0 });
  });

  it('asks more the thriftier it is, and the slower the machine', () => {
    const threshold = (lambda: number, msPerContextToken: number) =>
      chooseChunks(input({}, { lambda, msPerContextToken })).threshold;
    const byEagerness = EAGERNESS_NAMES.map((name) => threshold(EAGERNESS[name], 10));
    expect(byEagerness[0]).toBeCloseTo(5 / 30, 12);
    expect(byEagerness).toEqual([...byEagerness].sort((a, b) => a - b));
    expect(threshold(1, 4)).toBeGreaterThan(threshold(1, 2));
  });

  it('leaves out the chunks that are predicted to bring less than they cost', () => {
    // Each chunk costs 1.16 points.
    const take = (chunkGains: number[]) =>
      chooseChunks(input({ chunkGains }, { tokensPerChunk: chunkGains.map(() => 58) }));
    expect(take([5, 2, 1]).count).toBe(2);
    expect(take([5, 0, 4]).count).toBe(3);
    expect(take([5, -3]).count).toBe(1);
    // Without the harmful one, more is gained.
    expect(take([5, -3]).expectedGain).toBeCloseTo(take([5, 0]).expectedGain + 3, 12);
  });

  it('goes beyond the chunks that the chance is about only for what further ones add', () => {
    const take = (chunkGains: number[] | undefined) =>
      chooseChunks(input({ chunkGains, contextChunks: 1 }, { tokensPerChunk: [58, 58, 58] }));
    expect(take(undefined).count).toBe(1);
    expect(take([9, 1, 1]).count).toBe(1);
    const further = take([9, 3, 1]);
    expect(further.count).toBe(2);
    // The first chunk's own gain is what the chance says, not what the chunk head says.
    expect(further.expectedGain).toBeCloseTo(take([9, 0, 0]).expectedGain + 3, 12);
  });

  it('spends no more than there is', () => {
    expect(chooseChunks(input({}, { budgetMs: 60 }))).toMatchObject({ count: 1, expectedCostMs: 58 });
    const late = chooseChunks(input({ probability: 1 }, { budgetMs: 20 }));
    expect(late).toMatchObject({ count: 0, reason: 'the first chunk takes 58 ms, of which 20 are left' });
    expect(chooseChunks(input({ probability: 1 }, { budgetMs: -1 })).count).toBe(0);
  });

  it('uses the policy’s threshold where the cost is not known, and a given one always', () => {
    const unknown = (probability: number) =>
      chooseChunks(input({ probability }, { msPerContextToken: undefined }));
    expect([unknown(0.4).count, unknown(0.41).count]).toEqual([0, 2]);
    const given = (probability: number) => chooseChunks(input({ probability }, { threshold: 0.9 }));
    expect([given(0.9).count, given(0.91).count]).toEqual([0, 2]);
    expect(given(0.91).threshold).toBe(0.9);
  });

  it('abstains where there is nothing to use', () => {
    expect(chooseChunks(input({ probability: 1 }, { tokensPerChunk: [] }))).toMatchObject({ count: 0 });
  });

  it('takes the best of all that fit, as trying them all does', () => {
    const gain = fc.double({ min: -20, max: 20, noNaN: true });
    const tokens = fc.integer({ min: 0, max: 300 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(gain, tokens), { minLength: 1, maxLength: 4 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 3, noNaN: true }),
        fc.option(fc.integer({ min: 0, max: 800 }), { nil: undefined }),
        (chunks, probability, lambda, budgetMs) => {
          const cost = {
            tokensPerChunk: chunks.map(([, each]) => each),
            lambda,
            ...(budgetMs !== undefined && { budgetMs }),
          };
          const choice = chooseChunks(input({ probability, chunkGains: chunks.map(([each]) => each) }, cost));
          const net = (count: number) => {
            if (count === 0) return 0;
            const ms = chunks.slice(0, count).reduce((sum, [, each]) => sum + each, 0);
            if (ms > (budgetMs ?? Infinity)) return -Infinity;
            const left = chunks.slice(count).reduce((sum, [each]) => sum + each, 0);
            return probability * 25 - (1 - probability) * 5 - left - (lambda * ms) / 100;
          };
          const best = Math.max(...[...chunks.keys(), chunks.length].map(net));
          expect(net(choice.count)).toBeCloseTo(best, 9);
        },
      ),
    );
  });

  it('is what a fitted policy does with its own numbers', () => {
    const policy = createFittedPolicy(documentOf());
    const features = featuresOf({ bestScore: 0.45, noveltyAll: 0.5 }, { noveltyNew: 0.5 }, { rank: 1 });
    const cost: CostModel = { msPerContextToken: 1, tokensPerChunk: [100, 100, 100], lambda: 0.2 };
    const choice = policy.chooseChunks(features, undefined, cost);
    // The second chunk is predicted to take five points; the third has no features.
    expect(choice).toMatchObject({
      count: 1,
      expectedCostMs: 100,
      probability: policy.probability(features),
    });
    expect(
      policy.chooseChunks(features, undefined, { ...cost, language: 'python' }).expectedGain,
    ).toBeGreaterThan(choice.expectedGain);
  });
});
