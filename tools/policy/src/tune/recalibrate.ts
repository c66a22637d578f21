import {
  goldenValues,
  logit,
  sigmoid,
  type Calibration,
  type Gains,
  type PolicyDocument,
  type ProbabilityHead,
} from '@repoformer/policy';

/** A correction of a probability: sigmoid(slope · logit(p) + shift). */
export interface Correction {
  readonly slope: number;
  readonly shift: number;
}

/** How strongly a correction is held back towards none: as much as about so many holes say. */
const SLOPE_PRIOR = 4;
const SHIFT_PRIOR = 1;
const STEPS = 30;

/**
 * The correction under which probabilities agree best with what happened, held back towards none where there is
 * little to learn from: maximum a posteriori, by Newton's method.
 *
 * @param probabilities in [0, 1]
 * @param helped whether context helped, in the same order
 */
export function fitCorrection(probabilities: readonly number[], helped: readonly boolean[]): Correction {
  const x = probabilities.map(logit);
  let [slope, shift] = [1, 0];
  for (let step = 0; step < STEPS; step++) {
    let gradientSlope = SLOPE_PRIOR * (slope - 1);
    let gradientShift = SHIFT_PRIOR * shift;
    let [ss, sb, bb] = [SLOPE_PRIOR, 0, SHIFT_PRIOR];
    for (const [at, each] of x.entries()) {
      const p = sigmoid(slope * each + shift);
      const error = p - Number(helped[at]!);
      const weight = p * (1 - p);
      gradientSlope += error * each;
      gradientShift += error;
      ss += weight * each * each;
      sb += weight * each;
      bb += weight;
    }
    const determinant = ss * bb - sb * sb;
    const [bySlope, byShift] = [
      (bb * gradientSlope - sb * gradientShift) / determinant,
      (ss * gradientShift - sb * gradientSlope) / determinant,
    ];
    slope -= bySlope;
    shift -= byShift;
    if (Math.abs(bySlope) + Math.abs(byShift) < 1e-10) break;
  }
  // A correction must not turn the order of what a policy says around.
  return slope > 0 ? { slope, shift } : { slope: 0.01, shift };
}

/** Corrections of a document's stages, and other gains. */
export interface Changes {
  readonly free: Correction;
  readonly probed: Correction | undefined;
  readonly gains: Gains;
  readonly name: string;
}

/** A document whose probabilities are corrected; what it was fitted on stays what it was. */
export function recalibrated(document: PolicyDocument, changes: Changes): PolicyDocument {
  const { free, probed } = document.stages;
  const changed: PolicyDocument = {
    ...document,
    name: changes.name,
    stages: {
      free: correctedHead(free, changes.free),
      ...(probed && {
        probed: changes.probed ? { ...probed, head: correctedHead(probed.head, changes.probed) } : probed,
      }),
    },
    gains: { default: changes.gains },
    threshold: changes.gains.hurts / (changes.gains.helps + changes.gains.hurts),
  };
  return {
    ...changed,
    golden: document.golden.map((vector) => ({ ...vector, expected: goldenValues(changed, vector) })),
  };
}

function correctedHead(head: ProbabilityHead, correction: Correction): ProbabilityHead {
  return { ...head, calibration: correctedCalibration(head.calibration, correction) };
}

function correctedCalibration(calibration: Calibration, { slope, shift }: Correction): Calibration {
  if (calibration.kind === 'platt') {
    return { kind: 'platt', a: slope * calibration.a, b: slope * calibration.b + shift };
  }
  return { ...calibration, y: calibration.y.map((y) => sigmoid(slope * logit(y) + shift)) };
}
