import type { LinearScorer } from '@repoformer/policy';
import { solvePositiveDefinite, weightedGram, type Matrix } from './matrix.js';
import { fitStandardisation, standardise } from './standardise.js';

/**
 * Least squares with the penalty λ · Σ w² on standardised columns, the constant not penalised: the normal
 * equations, solved.
 *
 * @param penalty λ, positive
 */
export function fitRidge(
  x: Matrix,
  y: Float64Array,
  { penalty }: { readonly penalty: number },
): LinearScorer {
  const standardisation = fitStandardisation(x);
  const z = standardise(x, standardisation);
  const size = x.columns + 1;
  const gram = weightedGram(z, new Float64Array(x.rows).fill(1));
  for (let i = 0; i < x.columns; i++) gram[i * size + i]! += penalty;
  const moments = new Float64Array(size);
  for (let at = 0; at < x.rows; at++) {
    z.row(at).forEach((value, i) => (moments[i]! += value * y[at]!));
    moments[x.columns]! += y[at]!;
  }
  const beta = solvePositiveDefinite(gram, moments);
  return {
    kind: 'linear',
    ...standardisation,
    weights: [...beta.subarray(0, x.columns)],
    bias: beta[x.columns]!,
  };
}
