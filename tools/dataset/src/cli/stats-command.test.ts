import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readHoles } from '../build/build-holes.js';
import { pythonRepository } from '../holes/fixtures.js';
import { labelHoles } from '../label/label-holes.js';
import { openLabelRun } from '../label/label-run.js';
import { runOf, TEST_RUN } from '../label/testing.js';
import { runDataset, writeTestRepository } from './testing.js';

let base: string;
let dataset: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'repoformer-stats-'));
  dataset = join(base, 'dataset');
  const root = await writeTestRepository(base, 'shop', pythonRepository());
  await runDataset('build', dataset, '--repo', root, '--holes', '6');
});
afterAll(() => rm(base, { recursive: true, force: true }));

it('counts labels of holes as they are, and says how many are of others', async () => {
  const directory = await openLabelRun(join(dataset, 'labels'), TEST_RUN);
  const runner = { run: () => Promise.resolve(runOf('a', 'b')) };
  const { signal } = new AbortController();
  await labelHoles(await readHoles(dataset), runner, { directory, shards: 1, signal });
  expect((await runDataset('stats', dataset)).out).not.toContain('left out');
  const path = join(directory, 'labels-0-of-1.jsonl');
  // As if the first two holes had had another context.
  let changed = 0;
  const text = (await readFile(path, 'utf8')).replace(/"input":"\w+"/g, (input) =>
    changed++ < 2 ? '"input":"before"' : input,
  );
  await writeFile(path, text);
  expect((await runDataset('stats', dataset)).out).toContain(
    '2 labels are left out: their holes were built anew',
  );
  const { labels } = JSON.parse((await runDataset('stats', dataset, '--json')).out) as {
    labels: { run: string; stale: number; statistics: { group: string; holes: number }[] }[];
  };
  expect(labels).toHaveLength(1);
  expect(labels[0]).toMatchObject({ stale: 2 });
  expect(labels[0]!.statistics[0]).toMatchObject({ group: 'all', holes: 4 });
});
