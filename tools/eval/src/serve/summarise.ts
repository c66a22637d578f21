import { Resampler, type BootstrapOptions, type Interval } from '../analysis/bootstrap.js';
import { clusterNames, clusterUnitOf, type ClusterUnit } from '../analysis/clusters.js';
import { spreadOf, type Spread } from '../analysis/statistics.js';
import {
  SERVE_STATES,
  type ServedHole,
  type ServedRequest,
  type ServeMode,
  type ServeState,
} from './served-request.js';

/** What is timed, from the request's arrival; `retrieve` and `prefill` are durations and overlap with the others. */
export const SERVE_TIMES = ['decide', 'retrieve', 'prefill', 'firstToken', 'total'] as const;
export type ServeTime = (typeof SERVE_TIMES)[number];

/** One mode in one state. Milliseconds. */
export interface ServeRow {
  readonly mode: ServeMode;
  readonly state: ServeState;
  readonly times: Readonly<Record<ServeTime, Spread>>;
  /** Share of requests with context, in [0, 1]. */
  readonly retrieved: number;
  readonly contextTokens: number;
  /** Both in percent. */
  readonly exactMatch: Interval;
  readonly editSimilarity: Interval;
  /** Against the reference mode in the same state, hole by hole; absent for itself. */
  readonly versus?: PairedComparison;
}

export interface PairedComparison {
  /** Mean total time over that of the reference. */
  readonly totalRatio: Interval;
  /** Absent where there is no hole at which both wrote something. */
  readonly firstTokenRatio?: Interval;
  /** Quartiles of the ratios of total time at each hole. */
  readonly ratios: { readonly p25: number; readonly p50: number; readonly p75: number };
  /** Points. */
  readonly editSimilarity: Interval;
}

export interface ServeSummary {
  readonly holes: number;
  readonly repositories: number;
  /** What the bootstrap draws. */
  readonly unit: ClusterUnit;
  readonly reference: ServeMode;
  readonly rows: readonly ServeRow[];
}

/** @param holes at least one, each with every mode and state */
export function summarise(
  holes: readonly ServedHole[],
  modes: readonly ServeMode[],
  options: BootstrapOptions = {},
): ServeSummary {
  const unit = clusterUnitOf(holes);
  const resampler = new Resampler(clusterNames(holes, unit), options);
  const reference = modes.includes('always') ? 'always' : modes[0]!;
  const find = (mode: ServeMode, state: ServeState) =>
    holes.map(({ requests }) => requests.find((each) => each.mode === mode && each.state === state)!);
  const rows = SERVE_STATES.flatMap((state) =>
    modes.map((mode): ServeRow => {
      const own = find(mode, state);
      return {
        ...rowOf(own, resampler),
        mode,
        state,
        ...(mode !== reference && { versus: compare(own, find(reference, state), resampler) }),
      };
    }),
  );
  const repositories = new Set(holes.map(({ repository }) => repository)).size;
  return { holes: holes.length, repositories, unit, reference, rows };
}

function rowOf(requests: readonly ServedRequest[], resampler: Resampler): Omit<ServeRow, 'mode' | 'state'> {
  const mean = (of: (request: ServedRequest) => number) =>
    requests.reduce((sum, request) => sum + of(request), 0) / requests.length;
  const spread = (time: ServeTime) =>
    spreadOf(
      // Where nothing was written, there was no first token.
      (time === 'firstToken' ? requests.filter(({ isEmpty }) => !isEmpty) : requests).map((request) => ({
        value: timeOf(request, time),
        weight: 1,
      })),
    );
  return {
    times: {
      decide: spread('decide'),
      retrieve: spread('retrieve'),
      prefill: spread('prefill'),
      firstToken: spread('firstToken'),
      total: spread('total'),
    },
    retrieved: mean(({ hasContext }) => Number(hasContext)),
    contextTokens: mean(({ usage }) => usage.context),
    exactMatch: resampler.ofMean(requests.map((request) => (request.exactMatch ? 100 : 0)))!,
    editSimilarity: resampler.ofMean(requests.map((request) => request.editSimilarity))!,
  };
}

function compare(
  mine: readonly ServedRequest[],
  theirs: readonly ServedRequest[],
  resampler: Resampler,
): PairedComparison {
  const ratio = (time: ServeTime) => {
    // A pair without a first token on either side compares nothing.
    const isKnown = mine.map(
      (request, row) => time === 'total' || (!request.isEmpty && !theirs[row]!.isEmpty),
    );
    const column = (requests: readonly ServedRequest[]) =>
      requests.map((request, row) => (isKnown[row] ? timeOf(request, time) : 0));
    return resampler.ofSums([column(mine), column(theirs)], ([a = 0, b = 0]) => a / b);
  };
  const ratios = mine
    .map((request, row) => timeOf(request, 'total') / timeOf(theirs[row]!, 'total'))
    .sort((a, b) => a - b);
  const quantile = (share: number) => ratios[Math.max(0, Math.ceil(share * ratios.length) - 1)]!;
  const firstTokenRatio = ratio('firstToken');
  return {
    totalRatio: ratio('total')!,
    ...(firstTokenRatio && { firstTokenRatio }),
    ratios: { p25: quantile(0.25), p50: quantile(0.5), p75: quantile(0.75) },
    editSimilarity: resampler.ofMean(
      mine.map((request, row) => request.editSimilarity - theirs[row]!.editSimilarity),
    )!,
  };
}

function timeOf({ timings }: ServedRequest, time: ServeTime): number {
  return timings[`${time}Ms`];
}
