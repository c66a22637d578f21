import type { HoleKind } from '@repoformer/dataset';
import {
  invalidArgument,
  type Decision,
  type RetrievalMode,
  type Timings,
  type Usage,
} from '@repoformer/domain';

/** In the order in which tables show them. */
export const SERVE_MODES = ['never', 'always', 'auto'] as const satisfies readonly RetrievalMode[];
export type ServeMode = (typeof SERVE_MODES)[number];

/** `cold`: the model knows nothing of the prompt. `warm`: prefix and suffix have been evaluated, as while typing. */
export const SERVE_STATES = ['cold', 'warm'] as const;
export type ServeState = (typeof SERVE_STATES)[number];

/** One completion as the service reported it. */
export interface ServedRequest {
  readonly mode: ServeMode;
  readonly state: ServeState;
  readonly decision: Pick<Decision, 'outcome' | 'policy' | 'probability' | 'chunks'>;
  /** Whether there was context in the prompt. */
  readonly hasContext: boolean;
  readonly usage: Usage;
  readonly timings: Timings;
  /** Whether anything was written, so that there was a first token. */
  readonly isEmpty: boolean;
  /** Of the text, cut as the metrics demand. */
  readonly editSimilarity: number;
  readonly exactMatch: boolean;
}

/** One line of `requests.jsonl`: a hole in every mode and state, in the order in which they were asked. */
export interface ServedHole {
  readonly schema: 1;
  readonly id: string;
  readonly repository: string;
  readonly path: string;
  readonly kind: HoleKind;
  readonly requests: readonly ServedRequest[];
}

/** @throws AppError invalid_argument when the value is no record of this version */
export function parseServedHole(value: unknown): ServedHole {
  const hole = value as Partial<ServedHole> | null;
  if (hole?.schema !== 1) throw invalidArgument('schema', 'is not 1: this is no record of this version');
  if (typeof hole.id !== 'string' || typeof hole.repository !== 'string') {
    throw invalidArgument('id', 'is lacking');
  }
  const { requests } = hole;
  const isWhole =
    Array.isArray(requests) &&
    (requests as readonly Partial<ServedRequest>[]).every(
      ({ timings, editSimilarity }) => Number.isFinite(timings?.totalMs) && Number.isFinite(editSimilarity),
    );
  if (!isWhole) throw invalidArgument('requests', 'are lacking, or have no time');
  return hole as ServedHole;
}
