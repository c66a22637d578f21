import { createHash } from 'node:crypto';
import type { HoleRecord } from '../record.js';
import type { HoleRun, Variant } from './hole-run.js';
import type { LabelRun } from './label-run.js';
import { DEFAULT_RUN_SETTINGS } from './run-settings.js';

/** A hole whose truth is `x = 1`; for tests. */
export function holeOf(number: number): HoleRecord {
  return {
    schema: 1,
    id: createHash('sha256').update(String(number)).digest('hex').slice(0, 32),
    repository: 'test',
    split: 'train',
    path: `file${number}.py`,
    language: 'python',
    kind: 'line',
    lines: 1,
    prefix: 'y = 0\n',
    middle: 'x = 1',
    suffix: '\n',
    context: { source: 'retrieved', queriedWithMiddle: false, chunks: [], retrieveMs: 1 },
    features: { version: 3, hole: [0.5], chunks: [] },
  };
}

/** What a model might have made of a hole: these completions, half a nat a token apart; for tests. */
export function runOf(without: string, withContext: string): HoleRun {
  const variant = (chunks: number, text: string): Variant => ({
    chunks,
    contextTokens: 100 * chunks,
    logLikelihood: chunks / 2 - 1,
    contextMs: 100 * chunks,
    completion: { text, generatedTokens: 3, decodeMs: 30, endedItself: true },
  });
  const probe = { top: [0.5, 0.25], readout: '' };
  return {
    tokens: { prefix: 10, suffix: 5, target: 3 },
    sharedMs: 150,
    probes: { decision: probe, first: probe },
    variants: [variant(0, without), variant(1, withContext)],
  };
}

/** A run of a model that there is not; for tests. */
export const TEST_RUN: LabelRun = {
  schema: 1,
  model: { name: 'tiny', sha256: '0'.repeat(64), adapters: [] },
  family: 'repoformer',
  placement: 'after-suffix',
  order: 'best-first',
  chunkTemplate: '{path}\n{text}',
  settings: DEFAULT_RUN_SETTINGS,
  readoutTokens: [],
};
