import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { sketchHoleRecord, sketchRun, writeDataset, type LabelSketch } from '../testing.js';
import { joinLabels } from './collect-results.js';
import { readBaseline } from './read-baseline.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'repoformer-baseline-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

it('takes another run’s completions without context, of the holes under judgement', async () => {
  const sketches: LabelSketch[] = [
    { id: 'a', completions: ['x = 1', 'x = 2'] },
    { id: 'b', completions: ['x = 3', 'x = 4'] },
  ];
  const ngram = { ...sketchRun('5-gram'), family: 'n-gram' };
  const labels = await writeDataset(directory, sketches, ngram);
  const [judged] = (await joinLabels(directory, labels)).holes;
  const baseline = await readBaseline(directory, labels, [judged!]);
  expect(baseline.label).toBe('5-gram');
  expect(baseline.description).toContain('no neural network');
  expect([...baseline.outcomes]).toEqual([
    [sketchHoleRecord(sketches[0]!).id, expect.objectContaining({ text: 'x = 1', exactMatch: true })],
  ]);
});
