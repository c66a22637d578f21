import { NAME_FEATURES, type NameFeatures } from './name-model.js';

/** The candidates of one hole. */
export interface NameChoice {
  /** One row of {@link NAME_FEATURES} for each candidate, in their order. */
  readonly features: Float64Array;
  /** How much of what is needed each candidate is; together 1. */
  readonly needed: Float64Array;
}

export interface NameFit {
  readonly weights: NameFeatures;
  /** Mean of -log of the chance of what is needed, in nats: with these weights, and with none. */
  readonly loss: number;
  readonly lossWithout: number;
}

const WIDTH = NAME_FEATURES.length;
/** Weighs the squares of weights, in standard deviations of their features. */
const RIDGE = 2;
const MAX_STEPS = 30;
/** A gain of less than this for each hole is none. */
const LEAST_GAIN = 1e-7;

/** @throws Error when a hole has no candidate that is needed */
export function toNameChoice(
  candidates: ReadonlyMap<string, NameFeatures>,
  needed: ReadonlySet<string>,
): NameChoice {
  const names = [...candidates.keys()];
  const count = names.filter((name) => needed.has(name)).length;
  if (count === 0) throw new Error('none of the candidates is needed');
  const features = new Float64Array(names.length * WIDTH);
  names.forEach((name, row) => {
    NAME_FEATURES.forEach((feature, column) => {
      features[row * WIDTH + column] = candidates.get(name)![feature];
    });
  });
  return { features, needed: Float64Array.from(names, (name) => (needed.has(name) ? 1 / count : 0)) };
}

/**
 * Conditional logit (McFadden, 1974): the weights that make what was needed most probable among the candidates of each
 * hole, by Newton's method with step halving. The loss is convex: the same choices always give the same weights.
 */
export function fitNameModel(choices: readonly NameChoice[]): NameFit {
  const scales = deviations(choices);
  const standardised = choices.map(({ features, needed }) => ({
    needed,
    features: features.map((value, at) => value / scales[at % WIDTH]!),
  }));
  let weights = new Float64Array(WIDTH);
  const lossWithout = lossOf(standardised, weights);
  let loss = lossWithout;
  for (let step = 0; step < MAX_STEPS; step++) {
    const direction = newtonStep(standardised, weights);
    let length = 1;
    let next = weights;
    let nextLoss = Infinity;
    for (; length > 1e-4 && nextLoss >= loss; length /= 2) {
      next = weights.map((weight, at) => weight + length * direction[at]!);
      nextLoss = lossOf(standardised, next);
    }
    if (nextLoss >= loss) break;
    const gain = loss - nextLoss;
    [weights, loss] = [next, nextLoss];
    if (gain < LEAST_GAIN * choices.length) break;
  }
  const count = Math.max(1, choices.length);
  return {
    weights: Object.fromEntries(
      NAME_FEATURES.map((feature, at) => [feature, weights[at]! / scales[at]!]),
    ) as NameFeatures,
    loss: (loss - ridgeOf(weights)) / count,
    lossWithout: lossWithout / count,
  };
}

function lossOf(choices: readonly NameChoice[], weights: Float64Array): number {
  let loss = ridgeOf(weights);
  for (const choice of choices) {
    const { scores, logTotal } = scoresOf(choice, weights);
    choice.needed.forEach((share, row) => (loss += share * (logTotal - scores[row]!)));
  }
  return loss;
}

function ridgeOf(weights: Float64Array): number {
  return weights.reduce((sum, weight) => sum + (RIDGE / 2) * weight ** 2, 0);
}

function scoresOf({ features, needed }: NameChoice, weights: Float64Array) {
  const scores = Float64Array.from(needed, (_, row) => {
    let score = 0;
    for (let column = 0; column < WIDTH; column++)
      score += weights[column]! * features[row * WIDTH + column]!;
    return score;
  });
  const most = scores.reduce((max, score) => Math.max(max, score), -Infinity);
  const total = scores.reduce((sum, score) => sum + Math.exp(score - most), 0);
  return { scores, logTotal: most + Math.log(total) };
}

function newtonStep(choices: readonly NameChoice[], weights: Float64Array): Float64Array {
  const gradient = weights.map((weight) => -RIDGE * weight);
  const hessian = new Float64Array(WIDTH * WIDTH);
  for (let column = 0; column < WIDTH; column++) hessian[column * WIDTH + column] = RIDGE;
  for (const choice of choices) {
    const { features, needed } = choice;
    const { scores, logTotal } = scoresOf(choice, weights);
    const mean = new Float64Array(WIDTH);
    needed.forEach((share, row) => {
      const chance = Math.exp(scores[row]! - logTotal);
      for (let a = 0; a < WIDTH; a++) {
        const value = features[row * WIDTH + a]!;
        if (value === 0) continue;
        gradient[a]! += (share - chance) * value;
        mean[a]! += chance * value;
        for (let b = 0; b <= a; b++) hessian[a * WIDTH + b]! += chance * value * features[row * WIDTH + b]!;
      }
    });
    for (let a = 0; a < WIDTH; a++) {
      for (let b = 0; b <= a; b++) hessian[a * WIDTH + b]! -= mean[a]! * mean[b]!;
    }
  }
  return solve(hessian, gradient);
}

/** Solves with the lower half of a positive definite matrix, by Cholesky's factors; overwrites it. */
function solve(matrix: Float64Array, right: Float64Array): Float64Array {
  for (let a = 0; a < WIDTH; a++) {
    for (let b = 0; b <= a; b++) {
      let sum = matrix[a * WIDTH + b]!;
      for (let k = 0; k < b; k++) sum -= matrix[a * WIDTH + k]! * matrix[b * WIDTH + k]!;
      // Rounding must not make what the ridge keeps positive anything else.
      matrix[a * WIDTH + b] = a === b ? Math.sqrt(Math.max(sum, 1e-12)) : sum / matrix[b * WIDTH + b]!;
    }
  }
  const solution = right.slice();
  for (let a = 0; a < WIDTH; a++) {
    for (let k = 0; k < a; k++) solution[a]! -= matrix[a * WIDTH + k]! * solution[k]!;
    solution[a]! /= matrix[a * WIDTH + a]!;
  }
  for (let a = WIDTH - 1; a >= 0; a--) {
    for (let k = a + 1; k < WIDTH; k++) solution[a]! -= matrix[k * WIDTH + a]! * solution[k]!;
    solution[a]! /= matrix[a * WIDTH + a]!;
  }
  return solution;
}

/** Standard deviation of each feature over all candidates; 1 for one that never differs. */
function deviations(choices: readonly NameChoice[]): Float64Array {
  const sums = new Float64Array(WIDTH);
  const squares = new Float64Array(WIDTH);
  let rows = 0;
  for (const { features, needed } of choices) {
    rows += needed.length;
    features.forEach((value, at) => {
      sums[at % WIDTH]! += value;
      squares[at % WIDTH]! += value ** 2;
    });
  }
  return squares.map((square, at) => {
    const variance = square / rows - (sums[at]! / rows) ** 2;
    return variance > 1e-12 ? Math.sqrt(variance) : 1;
  });
}
