import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readLabels, writeRepository } from '@repoformer/dataset';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFixture, runEval, writeLabels, type CliFixture } from './testing.js';

let fixture: CliFixture;
let run: string;
beforeAll(async () => {
  fixture = await createFixture(8);
  run = join(fixture.base, 'ngram');
});
afterAll(() => fixture.remove());

describe('baseline', () => {
  it('completes every hole by its repository, and none twice', async () => {
    const { dataset, repository, holes } = fixture;
    const args = ['baseline', dataset, '--repo', repository.root, '--out', run];
    expect(await runEval(args)).toContain(`${holes.length} holes completed now`);
    const labels = await readLabels(run);
    expect([...labels.keys()].sort()).toEqual(holes.map(({ id }) => id).sort());
    expect(await runEval(args)).toContain(`0 holes completed now, ${holes.length} of ${holes.length}`);
  });

  it('is what a report holds the model against', async () => {
    const labels = await writeLabels(fixture);
    const out = join(fixture.base, 'report');
    await runEval(['report', fixture.dataset, '--labels', labels, '--baseline', run, '--out', out]);
    const markdown = await readFile(join(out, 'report.md'), 'utf8');
    expect(markdown).toContain('The model without context less a baseline');
    expect(markdown).toContain('gram with cache');
  });

  it('does not write into the folder of another run', async () => {
    const { dataset, repository } = fixture;
    const labels = await writeLabels(fixture);
    await expect(
      runEval(['baseline', dataset, '--repo', repository.root, '--out', labels]),
    ).rejects.toMatchObject({ kind: 'invalid_argument', message: expect.stringContaining('--out') });
  });

  it('asks for the repositories, and says when it is given others', async () => {
    const { dataset, base } = fixture;
    const args = ['baseline', dataset, '--out', run];
    await expect(runEval(args)).rejects.toThrow(/--corpus, or folders with --repo/);
    const elsewhere = join(base, 'elsewhere');
    await writeRepository(elsewhere, 'elsewhere', [{ path: 'a.ts', bytes: Buffer.from('let a = 1;\n') }]);
    await expect(runEval([...args, '--repo', elsewhere])).rejects.toThrow(
      /none of the dataset's repositories is there \(path:metrics\)/,
    );
    await expect(runEval([...args, '--repo', base])).rejects.toMatchObject({ reason: 'NOT_A_REPOSITORY' });
  });
});
