import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '@repoformer/e2e/harness';
import {
  createFittedPolicy,
  EAGERNESS,
  parsePolicy,
  parsePolicyDocument,
  type CostModel,
  type GoldenVector,
} from '@repoformer/policy';
import type { Rows } from './measurements.js';
import { spread, timeOf } from './statistics.js';

export const DEFAULT_POLICY = join(PROJECT_ROOT, 'models/policies/repoformer-qwen2.5-coder-0.5b.json');

const READINGS = 20;
/** A decision is far below what a clock tells: so many passes over the golden vectors are timed as one. */
const PASSES = 20;
const BATCHES = 200;
/** Batches that are not counted: the first ones find nothing compiled. */
const WARM_UP = 50;
/** What a chunk costs makes no difference to how long it takes to decide. */
const COST: Pick<CostModel, 'msPerContextToken' | 'lambda'> = {
  msPerContextToken: 1,
  lambda: EAGERNESS.balanced,
};
const TOKENS_PER_CHUNK = 128;

/**
 * A fitted policy on its golden vectors: reading it, and what deciding takes once features are there. The same few
 * vectors come over and over, which suits a processor; the first decision is what one takes that comes alone.
 */
export function measurePolicy(path: string): Rows {
  const text = readFileSync(path, 'utf8');
  const document = parsePolicyDocument(text, path);
  const policy = createFittedPolicy(document);
  const { golden, stages } = document;
  const choose = (vector: GoldenVector) =>
    policy.chooseChunks(vector, vector.probe, {
      ...COST,
      tokensPerChunk: vector.chunks.map(() => TOKENS_PER_CHUNK),
    }).count;
  const first = timeOf(() => choose(golden[0]!)).ms;
  const readings = Array.from({ length: READINGS }, () => timeOf(() => parsePolicy(text, path)).ms);
  const asked = golden.filter(({ probe }) => probe !== undefined);
  const row = (
    what: string,
    vectors: readonly GoldenVector[],
    decide: (vector: GoldenVector) => number,
  ): Rows[number] => [what, spread(microseconds(vectors, decide), 'µs', 2)];
  return [
    ['policy', `${document.name}, ${text.length} characters, ${golden.length} golden vectors`],
    ['reading and checking the document', spread(readings, 'ms', 2)],
    row('chance that context helps, no model asked', golden, (vector) => policy.probability(vector)),
    ...(stages.probed && asked.length > 0
      ? [row("the same with a model's answer", asked, (vector) => policy.probability(vector, vector.probe))]
      : []),
    row('whole decision, with the number of chunks', golden, choose),
    ['the first one of a process', `${(1000 * first).toFixed(0)} µs`],
  ];
}

/** Of one decision, in the mean of each batch. */
function microseconds(vectors: readonly GoldenVector[], decide: (vector: GoldenVector) => number): number[] {
  let sum = 0;
  const batches = Array.from({ length: WARM_UP + BATCHES }, () => {
    const { ms } = timeOf(() => {
      for (let pass = 0; pass < PASSES; pass++) for (const vector of vectors) sum += decide(vector);
    });
    return (1000 * ms) / (PASSES * vectors.length);
  });
  // What nobody looks at need not be computed.
  if (Number.isNaN(sum)) throw new Error('a decision is not a number');
  return batches.slice(WARM_UP);
}
