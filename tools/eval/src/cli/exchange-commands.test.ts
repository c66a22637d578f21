import { join } from 'node:path';
import { readHoles } from '@repoformer/dataset';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createFixture, runEval, type CliFixture } from './testing.js';

let fixture: CliFixture;
beforeAll(async () => {
  fixture = await createFixture(12);
});
afterAll(() => fixture.remove());

it('what export writes, import makes a dataset of', async () => {
  const { base, dataset, repository, holes } = fixture;
  const out = join(base, 'tasks');
  const said = await runEval([
    ...['export', dataset, '--repo', repository.root, '--out', out, '--format', 'crosscodeeval'],
  ]);
  const kinds = ['line', 'api', 'chunk', 'function'];
  const counts = kinds.map((kind) => Number(new RegExp(`(\\d+) ${kind}`).exec(said)?.[1]));
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(holes.length);
  const files = kinds.filter((_, at) => counts[at]! > 0).map((kind) => join(out, `${kind}_completion.jsonl`));
  const imported = join(base, 'imported');
  expect(await runEval(['import', ...files, '--out', imported, '--cache', join(base, 'cache')])).toContain(
    `${holes.length} holes of 1 repository`,
  );
  const texts = (records: typeof holes) =>
    records.map(({ path, middle, kind }) => `${kind} ${path} ${middle}`);
  expect(texts(await readHoles(imported)).sort()).toEqual(texts(holes).sort());
});
