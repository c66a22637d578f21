import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ALONE } from '../results.js';
import { sketchHoleRecord, sketchLabel, writeDataset, type LabelSketch } from '../testing.js';
import { contextCost, joinLabels } from './collect-results.js';
import { textDigest, verdictFile } from './test-verdicts.js';
import { toHoleResult } from './to-hole-result.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'repoformer-collect-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const LINE: LabelSketch = { id: 'a', completions: ['x = 1\nz = 3', 'x = 2'] };
const FUNCTION: LabelSketch = {
  id: 'f',
  kind: 'function',
  prefix: 'def f(a):\n    ',
  middle: 'return a + 1',
  suffix: '\n',
  completions: ['return a + 1\n\n\ndef g(b):\n    return (', 'return a'],
};

describe('joinLabels', () => {
  it('cuts lines to the truth’s number and functions to their body before they are judged', async () => {
    const labels = await writeDataset(directory, [LINE, FUNCTION]);
    const { holes, unlabelled } = await joinLabels(directory, labels);
    const texts = holes.map(({ label }) => label.variants.map(({ completion }) => completion?.text));
    expect(texts).toEqual([
      ['x = 1', 'x = 2'],
      ['return a + 1', 'return a'],
    ]);
    expect(holes.map(({ label }) => label.variants[0].exactMatch)).toEqual([true, true]);
    expect(holes[1]!.label.variants[0].editSimilarity).toBe(100);
    expect(unlabelled).toBe(0);
  });

  it('has no use for labels of a hole that was built anew with other context', async () => {
    const labels = await writeDataset(directory, [LINE, FUNCTION]);
    const rebuilt = sketchHoleRecord({ ...LINE, chunks: [] });
    const lines = [rebuilt, sketchHoleRecord(FUNCTION)].map((hole) => `${JSON.stringify(hole)}\n`);
    await writeFile(join(directory, 'holes', 'test.jsonl'), lines.join(''));
    const { holes, unlabelled } = await joinLabels(directory, labels);
    expect(holes.map(({ hole }) => hole.kind)).toEqual(['function']);
    expect(unlabelled).toBe(1);
  });

  it('takes only holes as the product retrieves for them, and says when none is labelled', async () => {
    const labels = await writeDataset(directory, [LINE]);
    const { context, ...rest } = sketchHoleRecord(LINE);
    const useless = { ...rest, context: { ...context, source: 'random' } };
    await writeFile(join(directory, 'holes', 'test.jsonl'), `${JSON.stringify(useless)}\n`);
    await expect(joinLabels(directory, labels)).rejects.toMatchObject({
      kind: 'failed_precondition',
      message: expect.stringContaining('repoformer-dataset label'),
    });
  });

  it('knows whether tests passed with a completion, and with no other', async () => {
    const labels = await writeDataset(directory, [FUNCTION]);
    const { id } = sketchHoleRecord(FUNCTION);
    const verdict = (chunks: number, text: string, outcome: string) =>
      `${JSON.stringify({ schema: 1, id, chunks, text: textDigest(text), outcome })}\n`;
    await writeFile(
      verdictFile(labels),
      verdict(0, 'return a + 1', 'failed') +
        verdict(0, 'return a + 1', 'passed') +
        verdict(1, 'of another run', 'passed'),
    );
    const [labelled] = (await joinLabels(directory, labels)).holes;
    expect([...labelled!.passed]).toEqual([[0, true]]);
    expect(toHoleResult(labelled!, [])?.outcomes.map(({ passed }) => passed)).toEqual([true, undefined]);
    await appendFile(verdictFile(labels), verdict(0, 'return a + 1', 'untested'));
    expect((await joinLabels(directory, labels)).holes[0]!.passed.size).toBe(0);
  });

  it('keeps what is written with nothing retrieved apart from what is copied', async () => {
    const sketch = { ...FUNCTION, alone: 'return b\n\n\ndef g(b):\n    return (' };
    const labels = await writeDataset(directory, [sketch]);
    const { id } = sketchHoleRecord(FUNCTION);
    const verdict = { schema: 1, id, chunks: ALONE, text: textDigest('return b'), outcome: 'failed' };
    await writeFile(verdictFile(labels), `${JSON.stringify(verdict)}\n`);
    const [labelled] = (await joinLabels(directory, labels)).holes;
    const result = toHoleResult(labelled!, [])!;
    expect(result.alone).toMatchObject({ text: 'return b', chunks: 0, passed: false });
    expect(result.outcomes[0].passed).toBeUndefined();
  });

  it('names file and line of a verdict that is none', async () => {
    const labels = await writeDataset(directory, [FUNCTION]);
    await writeFile(verdictFile(labels), '{"schema":1,"id":"a","chunks":0,"text":"b","outcome":"perhaps"}\n');
    await expect(joinLabels(directory, labels)).rejects.toThrow(/tests\.jsonl, line 1: outcome/);
  });
});

describe('contextCost', () => {
  it('is time over tokens of all, and unknown without tokens', () => {
    const [one, two] = [sketchLabel({ ...LINE, completions: ['', ''] }), sketchLabel(LINE)];
    expect(contextCost([one, two])).toBe(0.5);
    expect(contextCost([sketchLabel({ ...LINE, completions: [''] })])).toBeUndefined();
  });
});

describe('toHoleResult', () => {
  it('leaves out what was not completed, and a hole without a beginning', () => {
    const sketch = { ...LINE, completions: ['x = 1', undefined, 'x = 2'] };
    const labelled = { hole: sketchHoleRecord(sketch), label: sketchLabel(sketch), passed: new Map() };
    const result = toHoleResult(labelled, []);
    expect(result?.outcomes.map(({ chunks }) => chunks)).toEqual([0, 2]);
    const headless = { ...LINE, completions: [undefined, 'x = 2'] };
    expect(
      toHoleResult({ hole: sketchHoleRecord(headless), label: sketchLabel(headless), passed: new Map() }, []),
    ).toBeUndefined();
  });
});
