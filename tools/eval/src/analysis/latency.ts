import type { HoleResult } from '../results.js';
import type { Mode } from './modes.js';
import { alwaysIndex, outcomeAt } from './outcomes.js';
import { spreadOf, type Spread } from './statistics.js';

/** Where the time of a completion goes. */
export const STAGES = ['decide', 'retrieve', 'shared', 'context', 'decode'] as const;
export type Stage = (typeof STAGES)[number];

/**
 * `cold`: everything, from an empty cache. `warm`: what prefix and suffix share has been evaluated before, as
 * while typing on.
 */
export const LATENCIES = ['cold', 'warm'] as const;
export type Latency = (typeof LATENCIES)[number];

/** Milliseconds. */
export interface LatencyTable {
  readonly cold: Spread;
  readonly warm: Spread;
  readonly stages: Readonly<Record<Stage, Spread>>;
}

/** Milliseconds of each stage when a mode chooses an outcome. An abstention pays for the search if it looked. */
export function stagesOf(
  hole: HoleResult,
  index: number,
  mode: Pick<Mode, 'looksFirst' | 'decisionMs'>,
): Record<Stage, number> {
  const { timings } = outcomeAt(hole, index);
  const searched = index > 0 ? timings : outcomeAt(hole, alwaysIndex(hole)).timings;
  return {
    decide: mode.decisionMs,
    retrieve: index > 0 || mode.looksFirst ? searched.retrieveMs : 0,
    shared: timings.sharedMs,
    context: timings.contextMs,
    decode: timings.decodeMs,
  };
}

/** Milliseconds in total when a mode chooses an outcome. */
export function latencyOf(
  hole: HoleResult,
  index: number,
  mode: Pick<Mode, 'looksFirst' | 'decisionMs'>,
  latency: Latency,
): number {
  const { decide, retrieve, shared, context, decode } = stagesOf(hole, index, mode);
  return decide + retrieve + context + decode + (latency === 'cold' ? shared : 0);
}

/** Latencies of a mode over holes, by stage and in total. */
export function latencyTable(results: readonly HoleResult[], mode: Mode): LatencyTable {
  const spread = (measure: (hole: HoleResult, index: number) => number) =>
    spreadOf(
      results.flatMap((hole, row) =>
        (mode.picks[row] ?? []).map(({ index, weight }) => ({ value: measure(hole, index), weight })),
      ),
    );
  const stage = (name: Stage) => spread((hole, index) => stagesOf(hole, index, mode)[name]);
  return {
    cold: spread((hole, index) => latencyOf(hole, index, mode, 'cold')),
    warm: spread((hole, index) => latencyOf(hole, index, mode, 'warm')),
    stages: {
      decide: stage('decide'),
      retrieve: stage('retrieve'),
      shared: stage('shared'),
      context: stage('context'),
      decode: stage('decode'),
    },
  };
}
