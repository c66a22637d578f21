import type { HoleKind } from '@repoformer/dataset';
import fc from 'fast-check';
import type { HoleResult, Outcome } from '../results.js';

/** What a test cares about in a hole; everything else is filled in. */
export interface HoleSketch {
  readonly id?: string;
  readonly repository?: string;
  readonly path?: string;
  readonly language?: string;
  readonly kind?: HoleKind;
  /** Edit similarity of each outcome; 100 is an exact match. */
  readonly similarities: readonly [number, ...number[]];
  /** Edit similarity with nothing retrieved, where abstaining is more than that. */
  readonly alone?: number;
  readonly logLikelihoods?: readonly number[];
  readonly passed?: readonly boolean[];
  /** retrieve, shared, context, decode of each outcome, milliseconds. Default 10 (with context), 100, 50 a chunk, 200. */
  readonly timings?: readonly (readonly [number, number, number, number])[];
  readonly policies?: Readonly<Record<string, number>>;
  readonly scores?: readonly number[];
}

let made = 0;

/** A hole as a test needs it. */
export function sketchHole(sketch: HoleSketch): HoleResult {
  const outcome = (editSimilarity: number, chunks: number): Outcome => {
    const [retrieveMs, sharedMs, contextMs, decodeMs] = sketch.timings?.[chunks] ?? [
      chunks > 0 ? 10 : 0,
      100,
      50 * chunks,
      200,
    ];
    const logLikelihood = sketch.logLikelihoods?.[chunks];
    const passed = sketch.passed?.[chunks];
    return {
      chunks,
      contextTokens: chunks * 100,
      text: 'x',
      exactMatch: editSimilarity === 100,
      editSimilarity,
      identifierF1: editSimilarity / 2,
      ...(logLikelihood !== undefined && { logLikelihood }),
      ...(passed !== undefined && { passed }),
      timings: { retrieveMs, sharedMs, contextMs, decodeMs },
    };
  };
  const [first, ...rest] = sketch.similarities;
  return {
    id: sketch.id ?? `hole-${made++}`,
    repository: sketch.repository ?? 'r',
    path: sketch.path ?? 'a.ts',
    language: sketch.language ?? 'typescript',
    kind: sketch.kind ?? 'line',
    before: '',
    middle: 'x',
    after: '',
    outcomes: [outcome(first, 0), ...rest.map((similarity, i) => outcome(similarity, i + 1))],
    ...(sketch.alone !== undefined && { alone: outcome(sketch.alone, 0) }),
    scores: sketch.scores ?? (rest.length > 0 ? [0.5] : []),
    policies: sketch.policies ?? {},
    context: [],
  };
}

/** Small integers make ties likely, which is where sweeps and ranks go wrong. */
const similarity = fc.integer({ min: 0, max: 10 }).map((tenth) => tenth * 10);
const ms = fc.integer({ min: 0, max: 500 });

const sketch = fc.record(
  {
    repository: fc.constantFrom('r', 's', 't', 'u', 'v', 'w'),
    path: fc.constantFrom('a.ts', 'b.ts'),
    language: fc.constantFrom('typescript', 'python'),
    kind: fc.constantFrom<HoleKind>('line', 'function'),
    similarities: fc
      .array(similarity, { minLength: 1, maxLength: 4 })
      .map(([first = 0, ...rest]): [number, ...number[]] => [first, ...rest]),
    logLikelihoods: fc.array(fc.integer({ min: -9, max: 0 }), { minLength: 4, maxLength: 4 }),
    timings: fc.array(fc.tuple(ms, ms, ms, ms), { minLength: 4, maxLength: 4 }),
    policies: fc.record(
      { p: fc.integer({ min: 0, max: 4 }).map((quarter) => quarter / 4) },
      { requiredKeys: [] },
    ),
  },
  {
    requiredKeys: ['repository', 'path', 'language', 'kind', 'similarities', 'timings', 'policies'],
  },
);

/** Results with ties, holes without hits, missing answers and missing likelihoods. */
export function arbitraryResults(minLength = 1): fc.Arbitrary<HoleResult[]> {
  return fc
    .array(sketch, { minLength, maxLength: 25 })
    .map((sketches) => sketches.map((one, row) => sketchHole({ ...one, id: `${row}` })));
}
