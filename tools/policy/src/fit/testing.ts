import { CHUNK_FEATURES, HOLE_FEATURES, sigmoid } from '@repoformer/policy';
import { seededRandom } from '../models/seeded-random.js';
import type { CoverageHole, FitHole, FitTable } from './fit-table.js';

export interface SyntheticOptions {
  readonly holes: number;
  readonly repositories: number;
  readonly seed?: number;
  /** How strongly each of these features raises the log-odds that context helps. */
  readonly effects: Partial<Record<(typeof HOLE_FEATURES)[number], number>>;
  /** What the model's hidden state adds, which only the read-out shows. */
  readonly hiddenEffect?: number;
  /** Holes for training without a label beside those with one; with it, all have coverage, by the same effects. */
  readonly unlabelled?: number;
  /** Whether the effects multiply instead of adding up (exclusive or), which no linear model sees. */
  readonly interaction?: boolean;
}

/** Read-out tokens of {@link syntheticTable}. */
export const SYNTHETIC_TOKENS = [3, 14, 15, 92, 65];

/** Features that say nothing; all others are zero. */
const NOISE = [
  'secondScore',
  'filePosition',
  'indentation',
  'queryRarity',
  'unresolvedCount',
  'lineDepth',
] as const;

/** Standard normal numbers (Box and Muller). */
export function normalNumbers(seed: number): () => number {
  const random = seededRandom(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Labelled holes of which it is known what decides their gain. */
export function syntheticTable(options: SyntheticOptions): FitTable {
  const { effects, hiddenEffect = 0, interaction = false, seed = 1 } = options;
  const normal = normalNumbers(seed);
  const random = seededRandom(seed + 1);
  const coverage: CoverageHole[] = [];
  const all = Array.from({ length: options.holes + (options.unlabelled ?? 0) }, (_, at): FitHole => {
    const values = new Map<string, number>(HOLE_FEATURES.map((name) => [name, 0]));
    for (const name of [...NOISE, ...Object.keys(effects)]) values.set(name, normal());
    const hidden = normal();
    const parts = Object.entries(effects).map(([name, effect]) => effect * values.get(name)!);
    const sum = interaction
      ? parts.reduce((product, part) => product * part, 1)
      : parts.reduce((total, part) => total + part, 0);
    const helps = random() < sigmoid(sum + hiddenEffect * hidden - 0.8);
    const repository = at % options.repositories;
    const split = repository % 4 === 3 ? 'calibration' : 'train';
    const chunkFeatures = Array.from({ length: 3 }, () => CHUNK_FEATURES.map(() => normal()));
    // One feature of a chunk decides what it adds.
    const chunkGains = chunkFeatures.map(
      (row) => 0.05 * row[CHUNK_FEATURES.indexOf('noveltyNew')]! + 0.02 * normal(),
    );
    const gainEs = helps ? 10 + 20 * random() : -15 * random();
    const base = [-1 - random(), -2, -3, -4, -5].map((value) => value - random());
    const readout = [...base];
    readout[1]! += hidden / 2;
    readout[3]! -= hidden / 2;
    const row = {
      id: String(at).padStart(6, '0'),
      repository: `r${repository}`,
      holeFeatures: [...values.values()],
      chunkFeatures,
    };
    if (split === 'train') {
      const shown = chunkFeatures.map((features) => features[CHUNK_FEATURES.indexOf('noveltyNew')]!);
      coverage.push({
        ...row,
        coverage: shown.map((each, rank) => ({ name: 0, line: (rank === 0 ? 2 * sum : 0) + each })),
      });
    }
    return {
      ...row,
      split,
      language: repository % 2 === 0 ? 'python' : 'typescript',
      probe: {
        firstToken: { probability: random(), margin: random() / 2, entropy: 3 * random() },
        readouts: { decision: readout, first: base },
      },
      gainEs,
      gainLogLikelihood: gainEs / 100 + 0.02 * normal(),
      chunkGains,
    };
  });
  const holes = all.slice(0, options.holes);
  return {
    holes,
    ...(options.unlabelled !== undefined && { coverage, contextChunks: 1 }),
    readoutTokens: SYNTHETIC_TOKENS,
  };
}
