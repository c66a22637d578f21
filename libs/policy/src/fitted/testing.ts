import { CHUNK_FEATURES, HOLE_FEATURES } from '../features/feature-names.js';
import { FEATURES_VERSION, type Features } from '../features/feature-view.js';
import { goldenValues } from './golden.js';
import type { Probe } from './model-features.js';
import type { GoldenVector, PolicyDocument } from './policy-document.js';

/** A hole whose features are all zero but those named. */
export function featuresOf(
  hole: Partial<Record<(typeof HOLE_FEATURES)[number], number>>,
  ...chunks: Partial<Record<(typeof CHUNK_FEATURES)[number], number>>[]
): Features {
  return {
    hole: HOLE_FEATURES.map((name) => hole[name] ?? 0),
    chunks: chunks.map((row) => CHUNK_FEATURES.map((name) => row[name] ?? 0)),
  };
}

const PROBE: Probe = {
  decisionProbability: 0.4,
  firstToken: { probability: 0.6, margin: 0.3, entropy: 1.5 },
  readout: [-1, -2, -6],
};

/** A small document with every part, and golden values of its own making. */
export function documentOf(changes: Partial<PolicyDocument> = {}): PolicyDocument {
  const document: PolicyDocument = {
    schema: 1,
    name: 'sample',
    features: { version: FEATURES_VERSION, hole: HOLE_FEATURES, chunk: CHUNK_FEATURES },
    generator: { name: 'model', sha256: 'a'.repeat(64) },
    stages: {
      free: {
        inputs: ['hole.bestScore', 'hole.noveltyAll'],
        scorer: { kind: 'linear', mean: [0.25, 0.5], scale: [0.1, 0.2], weights: [1, 0.5], bias: -0.5 },
        calibration: { kind: 'platt', a: 1, b: 0 },
      },
      probed: {
        head: {
          inputs: ['hole.bestScore', 'model.decisionLogit', 'model.readout'],
          scorer: {
            kind: 'trees',
            base: -0.2,
            trees: [
              {
                feature: [0, 2],
                threshold: [0.3, 0],
                left: [-1, -2],
                right: [1, -3],
                leaf: [-1, 0.5, 1.5],
              },
              { feature: [], threshold: [], left: [], right: [], leaf: [0.1] },
            ],
          },
          calibration: { kind: 'isotonic', x: [-2, 0, 2], y: [0.05, 0.3, 0.9] },
        },
        readout: {
          place: 'decision',
          tokens: [5, 7, 9],
          mean: [0, 0, 0],
          scale: [1, 1, 2],
          weights: [1, -1, 0.5],
          bias: 0.1,
        },
        band: [0.3, 0.6],
      },
    },
    chunks: {
      inputs: ['chunk.noveltyNew', 'chunk.rank', 'hole.bestScore'],
      scorer: { kind: 'linear', mean: [0, 0, 0], scale: [1, 1, 1], weights: [0.2, -0.1, 0], bias: 0 },
      maxChunks: 4,
      pointsPerNat: 50,
    },
    gains: { default: { helps: 20, hurts: 10 }, python: { helps: 30, hurts: 5 } },
    contextChunks: 4,
    threshold: 0.4,
    training: {
      dataSha256: 'b'.repeat(64),
      repositories: 30,
      holes: 4000,
      calibrationRepositories: 6,
      calibrationHoles: 800,
      target: 'es',
      minimumGain: 0,
      metrics: { qini: 0.3 },
    },
    golden: [],
    ...changes,
  };
  const golden = Array.from({ length: 8 }, (_, at): GoldenVector => {
    const features = featuresOf({ bestScore: at / 10, noveltyAll: at / 8 }, { noveltyNew: 0.5 }, { rank: 1 });
    const input = { ...features, probe: PROBE };
    return { ...input, expected: goldenValues(document, input) };
  });
  return { ...document, golden: changes.golden ?? golden };
}
