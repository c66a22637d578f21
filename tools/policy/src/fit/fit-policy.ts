import { AppError, invalidArgument } from '@repoformer/domain';
import {
  calibrate,
  CHUNK_FEATURES,
  FEATURES_VERSION,
  HOLE_FEATURES,
  MAX_CHUNKS,
  MODEL_FEATURES,
  modelFeatures,
  parsePolicyDocument,
  POLICY_SCHEMA,
  score,
  type Calibration,
  type PolicyDocument,
  type ProbabilityHead,
  type ProbedStage,
  type Readout,
  type ReadoutPlace,
} from '@repoformer/policy';
import { brierScore, expectedCalibrationError, reliability } from '../metrics/probability-metrics.js';
import { qiniCoefficient } from '../metrics/qini.js';
import { areaUnderRoc, rankCorrelation } from '../metrics/ranking.js';
import { fitCalibration } from '../models/calibration.js';
import { freeCandidates, probedCandidates, type Candidate } from './candidates.js';
import { fitChunkHead } from './chunk-head.js';
import { coverageCandidates } from './coverage-candidates.js';
import { compareRankings, crossCalibrate, evaluate, type Truth } from './evaluate.js';
import type { CalibratedReport, FeatureReport, FitReport, SplitReport } from './fit-report.js';
import { checkTable, type FitHole, type FitTable } from './fit-table.js';
import { foldsByRepository } from './folds.js';
import { freeThreshold, gainsByLanguage } from './gains.js';
import { goldenVectors } from './golden-vectors.js';
import { selectCandidate } from './select.js';
import { tableDigest } from './table-digest.js';
import { rankedTarget, targetGains, type Target } from './targets.js';
import { uncertainBand } from './uncertain-band.js';

export interface FitOptions {
  /** The policy's name. */
  readonly name: string;
  /** The model whose completions were labelled. */
  readonly generator: PolicyDocument['generator'];
  /** The model whose answers the table's probes are, where that is another one. */
  readonly prober?: PolicyDocument['prober'];
  /** Default `es`. */
  readonly target?: Target;
  /** What a gain must exceed to count as help, in the target's unit; default 0. */
  readonly minimumGain?: number;
  /**
   * Candidates to take whatever is better: of those that ask no model, and of those that do. To be judged beside the one
   * that is chosen.
   */
  readonly forced?: { readonly free?: string; readonly probed?: string };
  /** Of the cross-validation by repository; default 5. */
  readonly folds?: number;
  /** Draws of the bootstrap over repositories; default 200. */
  readonly draws?: number;
  readonly seed?: number;
}

/** Fewer tell nothing, and would not fill the golden vectors. */
const LEAST_HOLES = 40;
const LEAST_OF_A_KIND = 5;
/** Fewer calibration holes than this are no judge. */
const LEAST_CALIBRATION = 50;

/**
 * Fits a policy: candidates from plain to elaborate are judged on repositories they have not seen, the chosen ones
 * fitted on all training holes and calibrated on holes of repositories that the scores are made without. The same table and options give the
 * same document.
 *
 * @throws AppError failed_precondition when there is too little to fit on; invalid_argument for a malformed table
 */
export function fitPolicy(
  table: FitTable,
  options: FitOptions,
): { readonly document: PolicyDocument; readonly report: FitReport } {
  checkTable(table);
  const { target = 'es', minimumGain = 0, seed = 1, draws = 200, folds: foldCount = 5 } = options;
  const byId = [...table.holes].sort((a, b) => (a.id < b.id ? -1 : 1));
  const train = byId.filter(({ split }) => split === 'train');
  const held = byId.filter(({ split }) => split === 'calibration');
  const gains = targetGains(train, target);
  const helps = Array.from(gains, (gain) => gain > minimumGain);
  const heldHelps = Array.from(targetGains(held, target, train), (gain) => gain > minimumGain);
  checkEnough(train, helps);

  const repositories = train.map((hole) => hole.repository);
  const folds = foldsByRepository(repositories, foldCount, seed);
  const languageGains = gainsByLanguage([...train, ...held], [...helps, ...heldHelps]);
  const threshold = freeThreshold(languageGains.default!);
  const truth: Truth = {
    repositories,
    helps,
    gainsEs: train.map((hole) => hole.gainEs),
    gainsLogLikelihood: train.map((hole) => hole.gainLogLikelihood),
    threshold,
    draws,
    seed,
  };
  const data = {
    holes: train,
    folds,
    helps: Float64Array.from(helps, Number),
    ranks: rankedTarget(gains),
    seed,
  };
  const compare = (a: Candidate, b: Candidate) => compareRankings(a.scores, b.scores, truth);
  const { contextChunks = MAX_CHUNKS } = table;
  const coverage = table.coverage && [...table.coverage].sort((a, b) => (a.id < b.id ? -1 : 1));
  const free = [
    ...freeCandidates(data),
    ...(coverage ? coverageCandidates(coverage, data, { chunks: contextChunks, target, seed }) : []),
  ];
  const probed = byId.every((hole) => hole.probe !== undefined) ? probedCandidates(data) : [];
  const { forced = {} } = options;
  const chosenFree = selectCandidate(only(free, forced.free), compare);
  const chosenProbed =
    probed.length > 0 || forced.probed !== undefined
      ? selectCandidate(only(probed, forced.probed), compare)
      : undefined;
  const overFree = chosenProbed && compare(chosenProbed.chosen, chosenFree.chosen);
  const isProbeWorth =
    forced.probed !== undefined || (overFree !== undefined && overFree.value > overFree.standardError);

  const calibrationSet = { helps, held, heldHelps, gains: truth.gainsEs };
  const probabilitiesOf = new Map(
    [...free, ...probed].map((each) => [each, crossCalibrate(each.scores, helps, folds)]),
  );
  const freeStage = finish(chosenFree.chosen, calibrationSet, table.readoutTokens);
  const probedStage = isProbeWorth
    ? finish(chosenProbed!.chosen, calibrationSet, table.readoutTokens)
    : undefined;
  const band =
    probedStage &&
    uncertainBand(
      probabilitiesOf.get(chosenFree.chosen)!,
      probabilitiesOf.get(chosenProbed!.chosen)!,
      truth.gainsEs,
      threshold,
    );
  const chunkHead = fitChunkHead(train, coverage, { folds, seed, draws });

  const candidates = [...free, ...probed].map((each) => ({
    name: each.name,
    stage: each.stage,
    inputs: each.inputs.length,
    setting: each.setting,
    evaluation: evaluate(each.scores, probabilitiesOf.get(each)!, truth),
  }));
  const chosenReport = candidates.find(
    ({ name }) => name === (probedStage ? chosenProbed! : chosenFree).chosen.name,
  )!;
  const bare: PolicyDocument = {
    schema: POLICY_SCHEMA,
    name: options.name,
    features: { version: FEATURES_VERSION, hole: HOLE_FEATURES, chunk: CHUNK_FEATURES },
    generator: options.generator,
    ...(probedStage && options.prober && { prober: options.prober }),
    stages: {
      free: freeStage.head,
      ...(probedStage && {
        probed: {
          head: probedStage.head,
          ...(probedStage.readout && { readout: probedStage.readout }),
          ...(band && { band }),
        } satisfies ProbedStage,
      }),
    },
    ...(chunkHead.head && { chunks: chunkHead.head }),
    contextChunks,
    gains: languageGains,
    threshold,
    training: {
      dataSha256: tableDigest(table),
      repositories: new Set(repositories).size,
      holes: train.length,
      calibrationRepositories: new Set(held.map((hole) => hole.repository)).size,
      calibrationHoles: held.length,
      target,
      minimumGain,
      metrics: {
        qini: chosenReport.evaluation.qini.value,
        qiniStandardError: chosenReport.evaluation.qini.standardError,
        auc: chosenReport.evaluation.auc,
        brier: chosenReport.evaluation.brier,
        ece: chosenReport.evaluation.ece,
      },
    },
    golden: [],
  };
  const document: PolicyDocument = { ...bare, golden: goldenVectors(bare, train) };
  // What is written must load; and what loads is what was fitted, to the last digit.
  const checked = parsePolicyDocument(JSON.stringify(document), options.name);

  const report: FitReport = {
    target,
    minimumGain,
    train: splitReport(train, helps),
    calibration: splitReport(held, heldHelps),
    threshold,
    candidates,
    selection: [
      ...chosenFree.steps,
      ...(chosenProbed?.steps ?? []),
      ...(overFree
        ? [
            {
              challenger: chosenProbed!.chosen.name,
              incumbent: chosenFree.chosen.name,
              difference: overFree,
              taken: isProbeWorth,
            },
          ]
        : []),
    ],
    chosen: {
      free: chosenFree.chosen.name,
      ...(probedStage && { probed: chosenProbed!.chosen.name }),
      chunks: chunkHead.head !== undefined,
    },
    calibrated: {
      onOwnRepositories: usable(held, heldHelps),
      free: freeStage.report,
      ...(probedStage && { probed: probedStage.report }),
    },
    ...(chunkHead.report && { chunks: chunkHead.report }),
    features: featureReports(train, truth),
  };
  return { document: checked, report };
}

/** The candidate that is asked for, if one is. */
function only(candidates: readonly Candidate[], name: string | undefined): readonly Candidate[] {
  if (name === undefined) return candidates;
  const found = candidates.filter((candidate) => candidate.name === name);
  if (found.length > 0) return found;
  const names = candidates.map((candidate) => candidate.name).join(', ') || 'none';
  throw invalidArgument('candidate', `none is called ${name}; there are: ${names}`);
}

interface CalibrationSet {
  /** Of the training holes. */
  readonly helps: readonly boolean[];
  readonly gains: readonly number[];
  /** Holes of other repositories. */
  readonly held: readonly FitHole[];
  readonly heldHelps: readonly boolean[];
}

/**
 * Fits a candidate on all training holes and calibrates it: on the calibration repositories, and on the training holes
 * as scored by models that have not seen their repositories. The report is of the calibration repositories alone,
 * calibrated without them, or where they are few, of those scores.
 */
function finish(
  candidate: Candidate,
  { helps, gains, held, heldHelps }: CalibrationSet,
  tokens: readonly number[] | undefined,
): { readonly head: ProbabilityHead; readonly readout?: Readout; readonly report: CalibratedReport } {
  const scorer = candidate.refit();
  const readout =
    candidate.readout && toReadout(candidate.readout.tuned.refit(), candidate.readout.place, tokens!);
  const heldScores = held.map((hole) => score(scorer, inputsOf(candidate, hole, readout)));
  const calibration = fitCalibration(Float64Array.of(...candidate.scores, ...heldScores), [
    ...helps,
    ...heldHelps,
  ]);
  const head = { inputs: candidate.inputs, scorer, calibration };
  const report = usable(held, heldHelps)
    ? judge(
        Float64Array.from(heldScores),
        heldHelps,
        fitCalibration(candidate.scores, helps),
        held.map(({ gainEs }) => gainEs),
      )
    : judge(candidate.scores, helps, calibration, gains);
  return { head, ...(readout && { readout }), report };
}

function judge(
  scores: Float64Array,
  helps: readonly boolean[],
  calibration: Calibration,
  gains: readonly number[],
): CalibratedReport {
  const probabilities = scores.map((each) => calibrate(calibration, each));
  return {
    auc: areaUnderRoc(scores, helps),
    qini: qiniCoefficient(scores, gains),
    brier: brierScore(probabilities, helps),
    ece: expectedCalibrationError(probabilities, helps),
    reliability: reliability(probabilities, helps),
  };
}

function toReadout(
  { mean, scale, weights, bias }: Omit<Readout, 'tokens' | 'place'>,
  place: ReadoutPlace,
  tokens: readonly number[],
): Readout {
  return { place, tokens, mean, scale, weights, bias };
}

function inputsOf({ inputs }: Candidate, hole: FitHole, readout: Readout | undefined): number[] {
  const answer = readout && hole.probe?.readouts?.[readout.place];
  const model = modelFeatures({ ...hole.probe, ...(answer && { readout: answer }) }, readout);
  return inputs.map((input) => {
    const [group, name] = input.split('.') as [string, string];
    if (group === 'hole') return hole.holeFeatures[(HOLE_FEATURES as readonly string[]).indexOf(name)]!;
    return model[(MODEL_FEATURES as readonly string[]).indexOf(name)]!;
  });
}

function checkEnough(train: readonly FitHole[], helps: readonly boolean[]): void {
  const fail = (problem: string): never => {
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'CONFIG_INVALID',
      message: `a policy cannot be fitted: ${problem}`,
    });
  };
  if (train.length < LEAST_HOLES) {
    fail(`there are ${train.length} labelled holes for training, fewer than ${LEAST_HOLES}; label more`);
  }
  if (new Set(train.map(({ repository }) => repository)).size < 2) {
    fail('all holes are of one repository; at least two are needed, to judge one by the other');
  }
  const positives = helps.filter(Boolean).length;
  if (positives < LEAST_OF_A_KIND || helps.length - positives < LEAST_OF_A_KIND) {
    fail(
      `context helps in ${positives} of ${helps.length} holes; at least ${LEAST_OF_A_KIND} of each kind are needed: label more, or change the target or the minimum gain`,
    );
  }
}

function usable(held: readonly FitHole[], helps: readonly boolean[]): boolean {
  const positives = helps.filter(Boolean).length;
  return held.length >= LEAST_CALIBRATION && Math.min(positives, held.length - positives) >= LEAST_OF_A_KIND;
}

function splitReport(holes: readonly FitHole[], helps: readonly boolean[]): SplitReport {
  const mean = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  return {
    holes: holes.length,
    repositories: new Set(holes.map(({ repository }) => repository)).size,
    helps: mean(helps.map(Number)),
    meanGain: mean(holes.map(({ gainEs }) => gainEs)),
    oracleGain: mean(holes.map(({ gainEs }) => Math.max(0, gainEs))),
  };
}

function featureReports(holes: readonly FitHole[], truth: Truth): FeatureReport[] {
  return HOLE_FEATURES.map((name, at) => {
    const values = holes.map(({ holeFeatures }) => holeFeatures[at]!);
    return {
      name,
      auc: areaUnderRoc(values, truth.helps),
      correlationEs: rankCorrelation(values, truth.gainsEs),
      correlationLogLikelihood: rankCorrelation(values, truth.gainsLogLikelihood),
    };
  }).sort((a, b) => Math.abs(b.auc - 0.5) - Math.abs(a.auc - 0.5));
}
