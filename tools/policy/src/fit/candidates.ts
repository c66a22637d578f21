import {
  centreLogProbabilities,
  HOLE_FEATURES,
  MODEL_FEATURES,
  modelFeatures,
  type LinearScorer,
  type ReadoutPlace,
} from '@repoformer/policy';
import { Matrix } from '../models/matrix.js';
import { fitStandardisation, standardise } from '../models/standardise.js';
import type { FitHole } from './fit-table.js';
import {
  meanScore,
  pick,
  predict,
  tuneLinear,
  tuneSparse,
  tuneTrees,
  unfolded,
  type FoldedMatrix,
  type Tuned,
  type TunedLinear,
} from './tune.js';
import { crossPredict } from './folds.js';
import { fitLogistic } from '../models/logistic-regression.js';

/** A head that could become the policy's. */
export interface Candidate extends Tuned {
  readonly name: string;
  readonly stage: 'free' | 'probed';
  /** Qualified names of the columns it was fitted on, in their order. */
  readonly inputs: readonly string[];
  /** `helps`: the score is a log-odds. `rank`: it predicts the gain's rank. `coverage`: what chunks show. */
  readonly predicts: 'helps' | 'rank' | 'coverage';
  /** The read-out behind `model.readout`, where that is an input. */
  readonly readout?: ReadoutCandidate;
}

export interface ReadoutCandidate {
  readonly place: ReadoutPlace;
  readonly tuned: TunedLinear;
}

/** What candidates are fitted on. */
export interface CandidateData {
  readonly holes: readonly FitHole[];
  readonly folds: Int32Array;
  /** 1 where context helps. */
  readonly helps: Float64Array;
  /** Ranks of the gains in (0, 1). */
  readonly ranks: Float64Array;
  readonly seed: number;
}

const PENALTIES = [3, 30, 300, 3_000];
const READOUT_PENALTIES = [100, 1_000, 10_000];
/** What a few hundred holes can teach: one input for each reason why context might help. */
const FEW = new Set([
  'hole.bestScore',
  'hole.queryOverlapBest',
  'hole.aroundSimilarityMax',
  'hole.nextOverlapAll',
  'hole.matchAdvantage',
  'hole.noveltyAll',
  'hole.unresolvedInChunks',
  'hole.logContextTokens',
]);
const SPARSE_SHARES = [0.8, 0.4, 0.2, 0.1, 0.05];
const RIDGE_PENALTIES = [10, 100, 1_000, 10_000];

/** All that ask no model: similarity alone, linear models and trees over the hole's features. */
export function freeCandidates(data: CandidateData): Candidate[] {
  const { folds, helps, ranks, seed } = data;
  const { inputs, x } = varying(
    HOLE_FEATURES.map((name) => `hole.${name}`),
    Matrix.of(data.holes.map((hole) => hole.holeFeatures)),
  );
  const best = [HOLE_FEATURES.indexOf('bestScore')];
  const similarity = Matrix.of(data.holes.map((hole) => best.map((at) => hole.holeFeatures[at]!)));
  const of = (name: string, predicts: Candidate['predicts'], tuned: Tuned): Candidate => ({
    ...tuned,
    name,
    stage: 'free',
    inputs,
    predicts,
  });
  const few = select({ inputs, x }, (input) => FEW.has(input));
  const candidates = [
    {
      ...of('similarity', 'helps', tuneLinear(unfolded(similarity), helps, folds, 'logistic', [3])),
      inputs: ['hole.bestScore'],
    },
  ];
  // Without anything that varies there is nothing more to fit.
  if (x.columns === 0) return candidates;
  return [
    ...candidates,
    ...(few.inputs.length > 1
      ? [
          {
            ...of('few-logistic', 'helps', tuneLinear(unfolded(few.x), helps, folds, 'logistic', PENALTIES)),
            inputs: few.inputs,
          },
        ]
      : []),
    of('free-logistic', 'helps', tuneLinear(unfolded(x), helps, folds, 'logistic', PENALTIES)),
    of('free-sparse', 'helps', tuneSparse(unfolded(x), helps, folds, SPARSE_SHARES)),
    of('free-ridge', 'rank', tuneLinear(unfolded(x), ranks, folds, 'squared', RIDGE_PENALTIES)),
    of('free-trees', 'helps', tuneTrees(unfolded(x), helps, folds, 'logistic', seed)),
    of('free-trees-ranked', 'rank', tuneTrees(unfolded(x), ranks, folds, 'squared', seed)),
  ];
}

/** All that have seen the model's answer; every hole must have a probe. */
export function probedCandidates(data: CandidateData): Candidate[] {
  const { holes, folds, helps, seed } = data;
  const of = (
    name: string,
    inputs: readonly string[],
    tuned: Tuned,
    readout?: ReadoutCandidate,
  ): Candidate => ({
    ...tuned,
    name,
    stage: 'probed',
    inputs,
    predicts: 'helps',
    ...(readout && { readout }),
  });
  const candidates: Candidate[] = [];
  // Model features but for the read-out, as far as every hole has them.
  const plain = columnsWithoutGaps(
    MODEL_FEATURES.slice(0, -1).map((name) => `model.${name}`),
    holes.map((hole) => modelFeatures(hole.probe!).slice(0, -1)),
  );
  const only = (name: string, wanted: readonly string[]) => {
    const chosen = select(plain, (input) => wanted.includes(input));
    if (chosen.inputs.length === 0) return;
    candidates.push(
      of(name, chosen.inputs, tuneLinear(unfolded(chosen.x), helps, folds, 'logistic', PENALTIES)),
    );
  };
  only('decision-token', ['model.decisionLogit']);
  only(
    'first-token',
    plain.inputs.filter((input) => input.startsWith('model.firstToken')),
  );

  const hole = varying(
    HOLE_FEATURES.map((name) => `hole.${name}`),
    Matrix.of(holes.map((each) => each.holeFeatures)),
  );
  const combine = (
    suffix: string,
    readout?: { readonly candidate: ReadoutCandidate; readonly z: FoldedMatrix },
  ) => {
    const parts = [hole.x, plain.x].filter((part) => part.columns > 0);
    const join = (z?: Matrix) => [...parts, ...(z ? [z] : [])].reduce((left, right) => left.beside(right));
    const x = readout
      ? { all: join(readout.z.all), without: (fold: number) => join(readout.z.without(fold)) }
      : unfolded(join());
    const inputs = [...hole.inputs, ...plain.inputs, ...(readout ? ['model.readout'] : [])];
    const add = (name: string, tuned: Tuned) =>
      candidates.push(of(name + suffix, inputs, tuned, readout?.candidate));
    add('combined-logistic', tuneLinear(x, helps, folds, 'logistic', PENALTIES));
    add('combined-sparse', tuneSparse(x, helps, folds, SPARSE_SHARES));
    add('combined-trees', tuneTrees(x, helps, folds, 'logistic', seed));
  };
  if (plain.inputs.length > 0) combine('');
  for (const place of ['decision', 'first'] as const) {
    const rows = holes.map((each) => each.probe!.readouts?.[place]);
    if (!rows.every((row) => row !== undefined && row.length > 0)) continue;
    const x = Matrix.of(rows.map((row) => centreLogProbabilities(row!)));
    const tuned = tuneLinear(unfolded(x), helps, folds, 'logistic', READOUT_PENALTIES);
    const candidate = { place, tuned };
    const z = stackedColumn(x, helps, folds, tuned);
    const alone = tuneLinear(z, helps, folds, 'logistic', [3]);
    candidates.push(
      of(`readout-${place}`, ['model.readout'], { ...alone, setting: tuned.setting }, candidate),
    );
    combine(`-readout-${place}`, { candidate, z });
  }
  return candidates;
}

interface Columns {
  readonly inputs: readonly string[];
  readonly x: Matrix;
}

/**
 * The read-out's score as a column for another model. When a fold is held out, the scores of the other rows come from
 * fits that have seen neither the row's own fold nor the held one: otherwise its labels would leak through them.
 */
function stackedColumn(
  x: Matrix,
  helps: Float64Array,
  folds: Int32Array,
  { scores, level, penalty }: TunedLinear,
): FoldedMatrix {
  const column = (values: Float64Array) => new Matrix(values.length, 1, values);
  const all = column(scores);
  // A fit without two folds serves whichever of the two is held out.
  const models = new Map<string, { readonly model: LinearScorer; readonly mean: number }>();
  const fitWithout = (rows: readonly number[], pair: string) => {
    const known = models.get(pair);
    if (known) return known;
    const of = x.select(rows);
    const model = fitLogistic(of, pick(helps, rows), { penalty });
    const fitted = { model, mean: meanScore(model, of) };
    models.set(pair, fitted);
    return fitted;
  };
  const columns = new Map<number, Matrix>();
  const without = (held: number) => {
    const values = crossPredict(folds, (rows, fold) => {
      const inner = rows.filter((row) => folds[row] !== held);
      // With two folds nothing is left; and the held fold's own scores are not used.
      if (fold === held || inner.length === 0) return (wanted) => wanted.map((row) => scores[row]!);
      const { model, mean } = fitWithout(inner, [fold, held].sort((a, b) => a - b).join());
      return (wanted) => predict(model, x, wanted).map((each) => each - mean + level);
    });
    return column(values);
  };
  return {
    all,
    without(fold) {
      const known = columns.get(fold) ?? without(fold);
      columns.set(fold, known);
      return known;
    },
  };
}

/** Leaves out columns that are the same everywhere: they cannot tell anything. */
export function varying(inputs: readonly string[], x: Matrix): Columns {
  const z = standardise(x, fitStandardisation(x));
  const isVarying = inputs.map((_, column) => {
    for (let row = 0; row < z.rows; row++) if (Math.abs(z.row(row)[column]!) > 1e-6) return true;
    return false;
  });
  return select({ inputs, x }, (_, column) => isVarying[column]!);
}

function columnsWithoutGaps(inputs: readonly string[], rows: readonly (readonly number[])[]): Columns {
  const whole = { inputs, x: Matrix.of(rows) };
  const known = select(whole, (_, column) => rows.every((row) => !Number.isNaN(row[column])));
  return varying(known.inputs, known.x);
}

function select({ inputs, x }: Columns, is: (input: string, column: number) => boolean): Columns {
  const kept = inputs.flatMap((input, column) => (is(input, column) ? [column] : []));
  const chosen = new Matrix(x.rows, kept.length);
  for (let row = 0; row < x.rows; row++) {
    const from = x.row(row);
    kept.forEach((column, at) => (chosen.data[row * kept.length + at] = from[column]!));
  }
  return { inputs: kept.map((column) => inputs[column]!), x: chosen };
}
