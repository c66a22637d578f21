import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sketchRun } from '../testing.js';
import type { Study } from '../study/compare-runs.js';
import { createFixture, runEval, writeLabels, type CliFixture } from './testing.js';

let fixture: CliFixture;
beforeAll(async () => {
  fixture = await createFixture(4);
});
afterAll(() => fixture.remove());

it('compares runs of one dataset, in words and in JSON', async () => {
  const [one, two] = [await writeLabels(fixture), await writeLabels(fixture, sketchRun('other'))];
  const out = join(fixture.base, 'study');
  const said = await runEval(['study', fixture.dataset, '--labels', one, two, one, '--out', out]);
  expect(said).toBe(await readFile(join(out, 'study.md'), 'utf8'));
  const study = JSON.parse(await readFile(join(out, 'study.json'), 'utf8')) as Study;
  expect(study.entries.map(({ name }) => name)).toEqual(['model', 'other', 'model (2)']);
  expect(study.holes).toBe(fixture.holes.length);
  expect(study.entries[1]!.rows[1]!.exactMatch?.estimate).toBe(100);
  expect(study.entries[1]!.rows[1]!.versusFirst.editSimilarity?.estimate).toBe(0);
  expect(JSON.parse(await runEval(['study', fixture.dataset, '--labels', one, '--json']))).toMatchObject({
    holes: study.holes,
  });
});

it('compares datasets of the same holes with other context', async () => {
  const holes = fixture.holes.map((hole) => ({
    ...hole,
    context: { ...hole.context, chunks: hole.context.chunks.slice(0, 1) },
  }));
  expect(holes).not.toEqual(fixture.holes);
  const other = { ...fixture, dataset: join(fixture.base, 'other'), holes };
  await mkdir(join(other.dataset, 'holes'), { recursive: true });
  const lines = holes.map((hole) => `${JSON.stringify(hole)}\n`).join('');
  await writeFile(join(other.dataset, 'holes', 'metrics.jsonl'), lines);
  const [one, two] = [await writeLabels(fixture), await writeLabels(other)];
  const flags = ['study', fixture.dataset, '--labels', one, two, '--json'];
  const study = JSON.parse(await runEval(flags)) as Study;
  expect(study.entries.map(({ name }) => name)).toEqual(['model', 'other/model']);
  expect(study.holes).toBe(fixture.holes.length);
});

it('shows no milliseconds of PyTorch, and makes no report of them', async () => {
  const run = { ...sketchRun('torch'), engine: 'pytorch-bfloat16' as const };
  const labels = await writeLabels(fixture, run);
  const said = await runEval(['study', fixture.dataset, '--labels', labels, '--json']);
  const [entry] = (JSON.parse(said) as Study).entries;
  expect(entry!.rows[1]!.contextTokens).toBeGreaterThan(0);
  expect(entry!.rows[1]).not.toHaveProperty('contextMs');
  const out = join(fixture.base, 'refused');
  await expect(runEval(['report', fixture.dataset, '--labels', labels, '--out', out])).rejects.toThrow(
    /PyTorch/,
  );
});
