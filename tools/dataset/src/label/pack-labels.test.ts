import { cp, mkdtemp, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { labelHoles, readLabels } from './label-holes.js';
import { openLabelRun } from './label-run.js';
import { packLabels } from './pack-labels.js';
import { holeOf, runOf, TEST_RUN } from './testing.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'repoformer-pack-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const signal = new AbortController().signal;
const holes = Array.from({ length: 9 }, (_, i) => holeOf(i));
const runner = { run: () => Promise.resolve(runOf('a', 'b')) };
const packsOf = async (folder: string) =>
  (await readdir(folder)).filter((name) => name.endsWith('.gz')).sort();

describe('packLabels', () => {
  it('adds what is lacking, and nothing twice', async () => {
    const run = await openLabelRun(directory, TEST_RUN);
    const kept = join(directory, 'kept');
    await labelHoles(holes.slice(0, 4), runner, { directory: run, signal });
    expect(await packLabels(run, kept)).toEqual({ added: 4, total: 4 });
    await labelHoles(holes, runner, { directory: run, signal });
    expect(await packLabels(run, kept)).toEqual({ added: 5, total: 9 });
    expect(await packLabels(run, kept)).toEqual({ added: 0, total: 9 });
    expect(await packsOf(kept)).toHaveLength(2);
    expect([...(await readLabels(kept)).entries()].sort()).toEqual(
      [...(await readLabels(run)).entries()].sort(),
    );
  });

  it('makes a folder that labelling goes on from', async () => {
    const run = await openLabelRun(directory, TEST_RUN);
    await labelHoles(holes.slice(0, 4), runner, { directory: run, signal });
    const kept = join(directory, 'kept');
    await packLabels(run, kept);
    const other = join(directory, 'other');
    await cp(kept, other, { recursive: true });
    expect(await labelHoles(holes, runner, { directory: other, signal })).toBe(5);
    // A hole that was built anew is labelled once more, and its newer label counts.
    const changed = { ...holes[0]!, prefix: 'changed = 1\n' };
    expect(await labelHoles([changed], runner, { directory: other, signal })).toBe(1);
    expect(await labelHoles([changed], runner, { directory: other, signal })).toBe(0);
  });

  it('makes the same bytes of the same labels', async () => {
    const run = await openLabelRun(directory, TEST_RUN);
    await labelHoles(holes, runner, { directory: run, shards: 3, signal });
    const again = await openLabelRun(join(directory, 'again'), TEST_RUN);
    await labelHoles([...holes].reverse(), runner, { directory: again, shards: 2, signal });
    const bytes = [];
    for (const [from, to] of [
      [run, 'one'],
      [again, 'two'],
    ] as const) {
      await packLabels(from, join(directory, to));
      bytes.push(await readFile(join(directory, to, 'labels-pack-000.jsonl.gz')));
    }
    expect(bytes[0]).toEqual(bytes[1]);
  });

  it('refuses a folder of another run, and names a file that is cut short', async () => {
    const run = await openLabelRun(directory, TEST_RUN);
    await labelHoles(holes, runner, { directory: run, signal });
    const other = await openLabelRun(directory, { ...TEST_RUN, placement: 'repository' });
    await expect(packLabels(run, other)).rejects.toMatchObject({ kind: 'failed_precondition' });
    const kept = join(directory, 'kept');
    await packLabels(run, kept);
    const [pack] = await packsOf(kept);
    for (const bytes of [100, 0]) {
      await truncate(join(kept, pack!), bytes);
      await expect(readLabels(kept)).rejects.toMatchObject({ kind: 'data_loss' });
      await expect(readLabels(kept)).rejects.toThrow(/labels-pack-000\.jsonl\.gz: the file is cut short/);
    }
  });
});
