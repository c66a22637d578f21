import type { HoleResult } from '../results.js';
import type { Resampler } from './bootstrap.js';
import { calibrationOf, type Calibration } from './calibration.js';
import { looksFirst, saidBy, type PolicySpec } from './policies.js';
import { qini, type Qini } from './qini.js';
import { rank } from './ranking.js';
import { riskCoverage, type RiskCoverage } from './risk-coverage.js';
import { gains, sweep, thin, type SweepPoint } from './sweep.js';

/** Everything that is said of a policy over all its thresholds. */
export interface PolicyCurve {
  /** The policy's name, without a threshold. */
  readonly name: string;
  readonly label: string;
  /** The thresholds it was asked about. */
  readonly thresholds: readonly number[];
  /** Holes at which it gave no answer. */
  readonly unanswered: number;
  /** From never to always, at most {@link CURVE_POINTS}. */
  readonly points: readonly SweepPoint[];
  readonly qini: { readonly editSimilarity?: Qini; readonly logLikelihood?: Qini };
  readonly riskCoverage?: RiskCoverage;
  /** Absent where what it says is no probability. */
  readonly calibration?: Calibration;
}

export interface Curves {
  readonly policies: readonly PolicyCurve[];
  /** The best order there is, by the gain of each hole; what deciding costs left out. */
  readonly oracle: {
    readonly editSimilarity: readonly SweepPoint[];
    readonly logLikelihood?: readonly SweepPoint[];
  };
}

/** Enough for any screen, and the report stays small. */
export const CURVE_POINTS = 101;

/** Curves of every policy that compares a number with a threshold, and of the best hit's similarity. */
export function curvesOf(
  results: readonly HoleResult[],
  policies: readonly PolicySpec[],
  resampler: Resampler,
): Curves {
  const free = { looksFirst: false, decisionMs: 0 };
  const best = gains(results, 'editSimilarity').map((gain) => gain ?? 0);
  const likelihood = gains(results, 'logLikelihood');
  const hasLikelihood = likelihood.some((gain) => gain !== undefined);
  return {
    policies: curvedPolicies(results, policies).map((spec) => policyCurve(results, spec, resampler)),
    oracle: {
      editSimilarity: thin(sweep(results, rank(best), free), CURVE_POINTS),
      ...(hasLikelihood && {
        logLikelihood: thin(sweep(results, rank(likelihood.map((gain) => gain ?? 0)), free), CURVE_POINTS),
      }),
    },
  };
}

function policyCurve(
  results: readonly HoleResult[],
  { spec, thresholds }: { spec: PolicySpec; thresholds: readonly number[] },
  resampler: Resampler,
): PolicyCurve {
  const scores = results.map((hole) => saidBy(hole, spec.name) ?? -Infinity);
  const cost = { looksFirst: looksFirst(spec), decisionMs: spec.decisionMs ?? 0 };
  const byEdits = qini(scores, gains(results, 'editSimilarity'), resampler);
  const byLikelihood = qini(scores, gains(results, 'logLikelihood'), resampler);
  const risk = riskCoverage(results, spec.name);
  const calibration = calibrationOf(results, spec.name);
  return {
    name: spec.name,
    label: spec.label,
    thresholds,
    unanswered: results.filter((hole) => saidBy(hole, spec.name) === undefined).length,
    points: thin(sweep(results, rank(scores), cost), CURVE_POINTS),
    qini: {
      ...(byEdits && { editSimilarity: byEdits }),
      ...(byLikelihood && { logLikelihood: byLikelihood }),
    },
    ...(risk && { riskCoverage: { ...risk, points: thin(risk.points, CURVE_POINTS) } }),
    ...(calibration && { calibration }),
  };
}

/** One entry a name: the thresholds of one policy are points of one curve. */
function curvedPolicies(
  results: readonly HoleResult[],
  policies: readonly PolicySpec[],
): { spec: PolicySpec; thresholds: number[] }[] {
  const found = new Map<string, { spec: PolicySpec; thresholds: number[] }>();
  const references: PolicySpec[] = [
    { name: 'similarity', threshold: 0, label: 'similarity', description: '' },
    { name: 'self', threshold: 0, label: 'the model itself', description: '' },
  ];
  for (const spec of policies) {
    if (spec.says === 'chunks') continue;
    const known = found.get(spec.name);
    if (known) known.thresholds.push(spec.threshold);
    else found.set(spec.name, { spec, thresholds: [spec.threshold] });
  }
  for (const spec of references) {
    if (found.has(spec.name) || results.every((hole) => saidBy(hole, spec.name) === undefined)) continue;
    found.set(spec.name, { spec, thresholds: [] });
  }
  return [...found.values()];
}
