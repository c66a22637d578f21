import { AppError } from '@repoformer/domain';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFittedPolicy } from './fitted-policy.js';
import { centreLogProbabilities, firstTokenOf, logit, modelFeatures } from './model-features.js';
import { parsePolicy, parsePolicyDocument } from './parse-policy.js';
import type { PolicyDocument, Tree } from './policy-document.js';
import { calibrate, score, sigmoid } from './scorer.js';
import { documentOf, featuresOf } from './testing.js';

const policy = createFittedPolicy(documentOf());
const probe = { decisionProbability: 0.5, readout: [-1, -2, -6] };

describe('createFittedPolicy', () => {
  it('computes the free stage by hand', () => {
    // (0.35 - 0.25) / 0.1 · 1 + (0.7 - 0.5) / 0.2 · 0.5 - 0.5 = 1.
    const features = featuresOf({ bestScore: 0.35, noveltyAll: 0.7 });
    expect(policy.probability(features)).toBeCloseTo(1 / (1 + Math.exp(-1)), 12);
  });

  it('computes the probed stage by hand', () => {
    // Centred: 2, 1, -3; read-out 2 - 1 + 0.5 · -3 / 2 + 0.1 = 0.35, above 0: leaf 1.5; 1.5 + 0.1 - 0.2 = 1.4.
    const features = featuresOf({ bestScore: 0.31 });
    expect(policy.probability(features, probe)).toBeCloseTo(0.3 + (1.4 / 2) * 0.6, 12);
    // At a threshold the left child is taken: -1 + 0.1 - 0.2 = -1.1.
    const edge = featuresOf({ bestScore: 0.3 });
    expect(policy.probability(edge, probe)).toBeCloseTo(0.3 - (1.1 / 2) * 0.25, 12);
  });

  it.each([
    ['nothing', {}],
    ['no read-out', { decisionProbability: 0.5 }],
    ['a read-out of another length', { decisionProbability: 0.5, readout: [-1] }],
    ['no decision', { readout: [-1, -2, -6] }],
  ])('falls back to the free stage where the probe has %s', (_, incomplete) => {
    const features = featuresOf({ bestScore: 0.35 });
    expect(policy.probability(features, incomplete)).toBe(policy.probability(features));
  });

  it('says what it wants to know of the model', () => {
    expect(policy.probeNeeds).toEqual({
      decisionProbability: true,
      firstToken: false,
      readout: { place: 'decision', tokens: [5, 7, 9] },
    });
    const { free } = documentOf().stages;
    expect(createFittedPolicy(documentOf({ stages: { free } })).probeNeeds).toBeUndefined();
  });

  it('is certain outside its band, which moves with the threshold', () => {
    const withFree = (p: number) => featuresOf({ bestScore: 0.25 + 0.1 * (logit(p) + 0.5), noveltyAll: 0.5 });
    expect(policy.probability(withFree(0.5))).toBeCloseTo(0.5, 12);
    expect([0.25, 0.35, 0.55, 0.65].map((p) => policy.isCertain(withFree(p)))).toEqual([
      true,
      false,
      false,
      true,
    ]);
    // At 0.7 instead of 0.4 the band is about 0.6 to 0.84.
    expect([0.5, 0.65, 0.8, 0.9].map((p) => policy.isCertain(withFree(p), 0.7))).toEqual([
      true,
      false,
      false,
      true,
    ]);
    const { free, probed } = documentOf().stages;
    const { band: _, ...always } = probed!;
    expect(
      createFittedPolicy(documentOf({ stages: { free, probed: always } })).isCertain(withFree(0.99)),
    ).toBe(false);
    expect(createFittedPolicy(documentOf({ stages: { free } })).isCertain(withFree(0.5))).toBe(true);
  });

  it('gives chunks their gains in points', () => {
    const features = featuresOf({}, { noveltyNew: 0.5 }, { rank: 1 });
    expect(policy.chunkGains(features)!.map((gain) => Math.round(gain * 1e6) / 1e6)).toEqual([5, -5]);
  });

  it('knows gains by language, by family and by default', () => {
    const gains = { ...documentOf().gains, javascript: { helps: 12, hurts: 3 } };
    const { gainsOf } = createFittedPolicy(documentOf({ gains }));
    expect(['python', 'typescriptreact', 'rust', '', '__proto__'].map((id) => gainsOf(id).helps)).toEqual([
      30, 12, 20, 20, 20,
    ]);
  });
});

describe('scorers', () => {
  const treeOf = fc.array(fc.tuple(fc.nat(3), fc.double({ noNaN: true, min: -5, max: 5 })), {
    maxLength: 12,
  });

  it('walks trees as a recursive reading of them does', () => {
    fc.assert(
      fc.property(
        treeOf,
        fc.infiniteStream(fc.nat()),
        fc.array(fc.double({ noNaN: true, min: -5, max: 5 }), { minLength: 4, maxLength: 4 }),
        (splits, picks, inputs) => {
          // Grows a tree by splitting a leaf at random, numbering the nodes as they come.
          const tree = { feature: [0], threshold: [0], left: [0], right: [0], leaf: [0] } as {
            -readonly [K in keyof Tree]: number[];
          };
          for (const key of ['feature', 'threshold', 'left', 'right'] as const) tree[key].pop();
          const slots: [side: 'left' | 'right', node: number][] = [];
          for (const [feature, threshold] of splits) {
            const node = tree.feature.length;
            if (node > 0) {
              const [side, parent] = slots.splice((picks.next().value as number) % slots.length, 1)[0]!;
              tree[side][parent] = node;
            }
            tree.feature.push(feature);
            tree.threshold.push(threshold);
            tree.left.push(0);
            tree.right.push(0);
            slots.push(['left', node], ['right', node]);
          }
          slots.forEach(([side, node], at) => {
            tree[side][node] = -at - 1;
            tree.leaf[at] = at + 0.5;
          });
          const walk = (node: number): number => {
            if (node < 0) return tree.leaf[-node - 1]!;
            return walk(
              (inputs[tree.feature[node]!]! <= tree.threshold[node]! ? tree.left : tree.right)[node]!,
            );
          };
          const expected = 1 + walk(tree.feature.length === 0 ? -1 : 0);
          expect(score({ kind: 'trees', base: 1, trees: [tree] }, inputs)).toBe(expected);
        },
      ),
    );
  });

  it('calibrates without falling, within [0, 1]', () => {
    const isotonic = { kind: 'isotonic', x: [-1, 0, 3], y: [0.1, 0.1, 0.7] } as const;
    const values = [-9, -1, -0.5, 0, 1.5, 3, 9].map((x) => calibrate(isotonic, x));
    expect(values.map((value) => Math.round(value * 1e9) / 1e9)).toEqual([0.1, 0.1, 0.1, 0.1, 0.4, 0.7, 0.7]);
    expect(calibrate({ kind: 'isotonic', x: [2], y: [0.3] }, 5)).toBe(0.3);
    expect([sigmoid(-1e4), sigmoid(0), sigmoid(1e4)]).toEqual([0, 0.5, 1]);
  });
});

describe('modelFeatures', () => {
  it('does not see a constant that is added to all log-probabilities', () => {
    const low = centreLogProbabilities([-3, -5, -9]);
    const high = centreLogProbabilities([-1, -3, -7]);
    low.forEach((value, at) => expect(value).toBeCloseTo(high[at]!, 12));
  });

  it('uses no more chunks than it was fitted on', () => {
    const cost = { msPerContextToken: 0, tokensPerChunk: [9, 9, 9, 9], lambda: 0, threshold: 0 };
    const { chunks, ...bare } = documentOf();
    expect(chunks).toBeDefined();
    const take = (document: PolicyDocument) =>
      createFittedPolicy(document).chooseChunks(featuresOf({}, {}, {}, {}, {}), undefined, cost).count;
    expect(take({ ...bare, contextChunks: 1 })).toBe(1);
    expect(take({ ...bare, contextChunks: 2 })).toBe(2);
  });

  it('summarises the most probable tokens the same way for fitting and serving', () => {
    expect(firstTokenOf([0.5, 0.25])).toEqual({
      probability: 0.5,
      margin: 0.25,
      entropy: 0.5 * Math.log(2) + 0.5 * Math.log(4),
    });
    expect(firstTokenOf([1])).toEqual({ probability: 1, margin: 1, entropy: 0 });
    expect(firstTokenOf([])).toBeUndefined();
  });

  it('stays finite for any answer of a model', () => {
    const odd = { decisionProbability: 0, firstToken: { probability: 0, margin: -1, entropy: Infinity } };
    const values = modelFeatures(
      { ...odd, readout: [-Infinity, 0, NaN] },
      documentOf().stages.probed!.readout,
    );
    expect(values.every(Number.isFinite)).toBe(true);
  });
});

describe('parsePolicy', () => {
  const text = (change: (document: Record<string, never> & PolicyDocument) => void = () => undefined) => {
    const document = JSON.parse(JSON.stringify(documentOf())) as Record<string, never> & PolicyDocument;
    change(document);
    return JSON.stringify(document);
  };
  // Documents are changed as foreign files are: without regard for types.
  type Loose = { [key: string]: Loose } & Loose[] & { push(value: unknown): void };
  const refusal = (change: (document: Loose) => void): AppError => {
    try {
      parsePolicy(
        text((document) => change(document as unknown as Loose)),
        'file.json',
      );
    } catch (error) {
      if (error instanceof AppError) return error;
      throw error;
    }
    throw new Error('it was accepted');
  };

  it('reads a document back as it was written', () => {
    expect(parsePolicyDocument(text())).toEqual(JSON.parse(JSON.stringify(documentOf())));
    const features = featuresOf({ bestScore: 0.35 });
    expect(parsePolicy(text()).probability(features)).toBe(policy.probability(features));
  });

  const set = (place: string, value: unknown) => (document: Loose) => {
    const keys = place.split('.');
    const last = keys.pop()!;
    let at: Loose = document;
    for (const key of keys) at = at[key]!;
    if (value === undefined) delete at[last];
    else (at as Record<string, unknown>)[last] = value;
  };
  const tree = 'stages.probed.head.scorer.trees.0';

  it.each<[string, (document: Loose) => void, string]>([
    ['an unknown schema', set('schema', 2), 'schema'],
    ['no schema', set('schema', undefined), 'schema'],
    ['other features', set('features.version', 99), 'features.version'],
    ['features in another order', (d) => d.features!.hole!.reverse(), 'features.hole'],
    ['a feature more', (d) => d.features!.chunk!.push('odd'), 'features.chunk'],
    ['a feature less', (d) => d.features!.hole!.pop(), 'features.hole'],
    ['an unknown input', set('stages.free.inputs.0', 'hole.toString'), 'stages.free.inputs[0]'],
    [
      'a model feature in the free stage',
      set('stages.free.inputs.0', 'model.readout'),
      'stages.free.inputs[0]',
    ],
    [
      'a weight that is no number',
      set('stages.free.scorer.weights.0', null),
      'stages.free.scorer.weights[0]',
    ],
    ['a weight too few', (d) => d.stages!.free!.scorer!.weights!.pop(), 'stages.free.scorer.weights'],
    ['a scale of zero', set('stages.free.scorer.scale.0', 0), 'stages.free.scorer.scale[0]'],
    ['an unknown scorer', set('stages.free.scorer.kind', 'net'), 'stages.free.scorer.kind'],
    ['a calibration upside down', set('stages.free.calibration.a', -1), 'stages.free.calibration.a'],
    [
      'an isotonic map that falls',
      set('stages.probed.head.calibration.y.2', 0),
      'stages.probed.head.calibration.y',
    ],
    ['a tree that goes in circles', set(`${tree}.right.1`, 0), `stages.probed.head.scorer.trees[0].right`],
    [
      'a tree with a node of two parents',
      set(`${tree}.left.0`, 1),
      `stages.probed.head.scorer.trees[0].right`,
    ],
    [
      'a tree with a leaf beyond its end',
      set(`${tree}.left.0`, -9),
      `stages.probed.head.scorer.trees[0].left[0]`,
    ],
    [
      'a tree over an input beyond the end',
      set(`${tree}.feature.0`, 3),
      `stages.probed.head.scorer.trees[0].feature[0]`,
    ],
    [
      'a read-out of one token twice',
      set('stages.probed.readout.tokens.1', 5),
      'stages.probed.readout.tokens',
    ],
    ['an input that no read-out gives', set('stages.probed.readout', undefined), 'stages.probed.readout'],
    ['a band the wrong way round', set('stages.probed.band', [0.6, 0.3]), 'stages.probed.band'],
    ['no default gains', set('gains', { python: { helps: 1, hurts: 1 } }), 'gains'],
    ['gains that are none', set('gains.default.helps', 0), 'gains.default.helps'],
    ['a threshold beyond one', set('threshold', 1.5), 'threshold'],
    ['a hash that is none', set('training.dataSha256', 'abc'), 'training.dataSha256'],
    ['too few golden vectors', (d) => d.golden!.pop(), 'golden'],
    [
      'a wrong golden value',
      (d) => ((d.golden![3]!.expected as unknown as { free: number }).free += 2e-9),
      'golden',
    ],
    ['a golden value missing', set('golden.3.expected.probed', undefined), 'golden'],
    ['a wrong golden chunk', set('golden.0.expected.chunkGains.1', 0), 'golden'],
    ['a changed weight', set('stages.free.scorer.weights.0', 1.01), 'golden'],
  ])('refuses %s', (_, change, place) => {
    const error = refusal(change);
    expect([error.kind, error.reason, error.meta.place]).toEqual([
      'failed_precondition',
      'CONFIG_INVALID',
      place,
    ]);
    expect(error.message).toMatch(/^file\.json: .*"similarity"$/s);
  });

  it.each(['', '{', 'null', '[]', '7', '{"schema":1}', '{"__proto__":{"schema":1}}', '['.repeat(100_000)])(
    'refuses what is no document: %#',
    (garbage) => {
      expect(() => parsePolicy(garbage)).toThrow(expect.objectContaining({ reason: 'CONFIG_INVALID' }));
    },
  );

  it('refuses or accepts, but never breaks on, a document with any one value replaced', () => {
    const whole = text();
    const places = [...whole.matchAll(/(?<=[:,[])(?:-?\d[\d.e-]*|"[\w.]+")(?=[,\]}])/g)];
    const odd = fc.constantFrom(
      'null',
      '-1',
      '1e999',
      '"x"',
      '{}',
      '[]',
      '0',
      '1e300',
      '-0',
      'true',
      '4294967296',
    );
    fc.assert(
      fc.property(fc.nat(places.length - 1), odd, (which, value) => {
        const { index, 0: old } = places[which]!;
        const changed = whole.slice(0, index) + value + whole.slice(index + old.length);
        try {
          const read = parsePolicy(changed);
          expect(read.probability(featuresOf({ bestScore: 0.3 }))).toBeLessThanOrEqual(1);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
        }
      }),
      { numRuns: 400 },
    );
  });
});
