import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createFixture, runEval, writeLabels, type CliFixture } from './testing.js';

let fixture: CliFixture;
beforeAll(async () => {
  fixture = await createFixture(12);
});
afterAll(() => fixture.remove());

it('tells completions that repeat a corpus from those that do not', async () => {
  const { base, dataset, repository } = fixture;
  const labels = await writeLabels(fixture);
  const corpus = join(base, 'corpus.json');
  const entry = { path: repository.root, split: 'train', languages: ['typescript'], licence: 'Apache-2.0' };
  await writeFile(corpus, JSON.stringify({ name: 'own', repositories: [entry] }));
  const args = ['copies', dataset, '--labels', labels, '--corpus', corpus, '--length', '5', '--json'];
  interface Group {
    readonly texts: number;
    readonly copied: number;
  }
  const { groups } = JSON.parse(await runEval(args)) as { groups: readonly [Group, Group, Group] };
  const [without, withContext, truth] = groups;
  // Without context it wrote one word; with it the truth, which stands in that repository.
  expect(without).toMatchObject({ texts: 0, copied: 0 });
  expect(withContext.copied).toBeGreaterThan(2);
  expect(withContext).toEqual({ ...truth, name: 'with context' });
});

it('asks for the corpus', async () => {
  const labels = await writeLabels(fixture);
  await expect(runEval(['copies', fixture.dataset, '--labels', labels])).rejects.toThrow(/--corpus/);
});
