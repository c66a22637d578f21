import type { ReliabilityBin } from '../metrics/probability-metrics.js';
import type { ChunkHeadReport } from './chunk-head.js';
import type { Evaluation } from './evaluate.js';
import type { SelectionStep } from './select.js';
import type { Target } from './targets.js';

/** One candidate, judged on repositories that it has not seen. */
export interface CandidateReport {
  readonly name: string;
  readonly stage: 'free' | 'probed';
  readonly inputs: number;
  readonly setting: string;
  readonly evaluation: Evaluation;
}

/** One feature by itself. */
export interface FeatureReport {
  readonly name: string;
  /** Of telling where context helps; below 0.5: a high value speaks against it. */
  readonly auc: number;
  /** Spearman's correlations with the gains. */
  readonly correlationEs: number;
  readonly correlationLogLikelihood: number;
}

/** What a fit found; the document says only what was decided. */
export interface FitReport {
  readonly target: Target;
  readonly minimumGain: number;
  readonly train: SplitReport;
  readonly calibration: SplitReport;
  readonly threshold: number;
  readonly candidates: readonly CandidateReport[];
  readonly selection: readonly SelectionStep[];
  readonly chosen: { readonly free: string; readonly probed?: string; readonly chunks: boolean };
  /** The chosen stages on the calibration repositories, or cross-validated where there are none. */
  readonly calibrated: {
    readonly onOwnRepositories: boolean;
    readonly free: CalibratedReport;
    readonly probed?: CalibratedReport;
  };
  readonly chunks?: ChunkHeadReport;
  /** Most telling first. */
  readonly features: readonly FeatureReport[];
}

export interface CalibratedReport {
  readonly auc: number;
  readonly qini: number;
  readonly brier: number;
  readonly ece: number;
  readonly reliability: readonly ReliabilityBin[];
}

export interface SplitReport {
  readonly holes: number;
  readonly repositories: number;
  /** Share of holes where context helps, by the target. */
  readonly helps: number;
  /** Points of edit similarity: with all context minus without, and with the better of both. */
  readonly meanGain: number;
  readonly oracleGain: number;
}

/** The report as Markdown. */
export function formatReport(report: FitReport): string {
  const { train, calibration, chosen, chunks } = report;
  const split = (name: string, of: SplitReport) =>
    `| ${name} | ${of.holes} | ${of.repositories} | ${percent(of.helps)} | ${signed(of.meanGain)} | ${signed(of.oracleGain)} |`;
  const lines = [
    `Target \`${report.target}\`, help is a gain above ${report.minimumGain}. Gains are points of edit similarity. Every figure of a candidate is from repositories it has not seen; the threshold is ${report.threshold.toFixed(2)}.`,
    '',
    '| split | holes | repositories | context helps | gain of always | gain of an oracle |',
    '| --- | ---: | ---: | ---: | ---: | ---: |',
    split('train', train),
    split('calibration', calibration),
    '',
    '| candidate | inputs | setting | Qini (± SE) | Qini, likelihood | AUC | Brier | ECE | retrieved | gain | right abstentions |',
    '| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...report.candidates.map(
      ({ name, inputs, setting, evaluation: e }) =>
        `| ${name} | ${inputs} | ${setting} | ${e.qini.value.toFixed(3)} ± ${e.qini.standardError.toFixed(3)} | ${e.qiniLogLikelihood.toFixed(3)} | ${e.auc.toFixed(3)} | ${e.brier.toFixed(4)} | ${e.ece.toFixed(3)} | ${percent(e.retrieved)} | ${signed(e.meanGain)} | ${percent(e.abstentionPrecision)} |`,
    ),
    '',
    ...report.selection.map(
      ({ challenger, incumbent, difference: d, taken }) =>
        `- ${challenger} over ${incumbent}: ${signed(d.value, 3)} ± ${d.standardError.toFixed(3)}, ${taken ? 'taken' : 'not taken'}`,
    ),
    '',
    `Chosen: ${chosen.free}${chosen.probed ? `, and ${chosen.probed} where that is not certain` : '; no model is asked'}; ${chosen.chunks ? 'the number of chunks is predicted' : 'all chunks or none'}.`,
    ...(chunks
      ? [
          `Gain of a chunk: correlation ${chunks.correlation.value.toFixed(3)} ± ${chunks.correlation.standardError.toFixed(3)} over ${chunks.rows} chunks (${chunks.setting}), a nat per token is worth ${chunks.pointsPerNat.toFixed(1)} points.`,
        ]
      : []),
    '',
    '| feature | AUC | correlation, similarity | correlation, likelihood |',
    '| --- | ---: | ---: | ---: |',
    ...report.features
      .slice(0, 25)
      .map(
        (each) =>
          `| ${each.name} | ${each.auc.toFixed(3)} | ${signed(each.correlationEs, 3)} | ${signed(each.correlationLogLikelihood, 3)} |`,
      ),
  ];
  return `${lines.join('\n')}\n`;
}

function percent(share: number): string {
  return Number.isNaN(share) ? '–' : `${(100 * share).toFixed(1)} %`;
}

function signed(value: number, digits = 2): string {
  return `${value < 0 ? '' : '+'}${value.toFixed(digits)}`;
}
