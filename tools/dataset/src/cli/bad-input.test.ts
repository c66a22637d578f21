import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readHoles } from '../build/build-holes.js';
import { pythonRepository } from '../holes/fixtures.js';
import { labelHoles } from '../label/label-holes.js';
import { openLabelRun } from '../label/label-run.js';
import { runOf, TEST_RUN } from '../label/testing.js';
import { runDataset, writeTestRepository } from './testing.js';

const NANO_MODEL = fileURLToPath(
  new URL('../../../../models/repoformer-nano0-7m-q8_0.gguf', import.meta.url),
);
const HOLES = 6;
let base: string;
let dataset: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'repoformer-bad-input-'));
  dataset = join(base, 'dataset');
  const root = await writeTestRepository(base, 'shop', pythonRepository());
  await runDataset('build', dataset, '--repo', root, '--holes', String(HOLES));
});
afterAll(() => rm(base, { recursive: true, force: true }));

describe('an empty repository', () => {
  const build = (root: string) => runDataset('build', join(base, 'none'), '--repo', root);

  it('without a commit is refused, saying what to do', async () => {
    const root = join(base, 'no-commit');
    await mkdir(root);
    expect(spawnSync('git', ['init', '-q'], { cwd: root }).status).toBe(0);
    await expect(build(root)).rejects.toMatchObject({
      kind: 'failed_precondition',
      message: expect.stringMatching(/no-commit: the repository has no commit; commit something/) as string,
    });
  });

  it('without a source file is refused, saying what is needed', async () => {
    for (const [name, files] of [
      ['no-file', []],
      ['no-source', [{ path: 'README.md', text: '# Nothing\n' }]],
    ] as const) {
      await expect(build(await writeTestRepository(base, name, files))).rejects.toMatchObject({
        kind: 'failed_precondition',
        message: expect.stringMatching(/no place for a hole.*source files of some length/) as string,
      });
    }
    await expect(readHoles(join(base, 'none'))).rejects.toThrow(/holds no holes/);
  });

  it('that is none is refused, too', async () => {
    await expect(build(base)).rejects.toMatchObject({ reason: 'NOT_A_REPOSITORY' });
  });
});

describe('labels that are cut short', () => {
  const runner = { run: () => Promise.resolve(runOf('a', 'b')) };
  const signal = new AbortController().signal;
  const countLabels = async () => {
    const { out } = await runDataset('stats', dataset, '--json');
    const { labels } = JSON.parse(out) as { labels: { statistics: { holes: number }[]; stale: number }[] };
    return [labels[0]!.statistics[0]?.holes ?? 0, labels[0]!.stale];
  };

  it('keep the whole records, and are made good by labelling on', async () => {
    const holes = await readHoles(dataset);
    const directory = await openLabelRun(join(dataset, 'labels'), TEST_RUN);
    await labelHoles(holes, runner, { directory, shards: 1, signal });
    expect(await countLabels()).toEqual([HOLES, 0]);
    const path = join(directory, 'labels-0-of-1.jsonl');
    const whole = await readFile(path);
    // In the last record, before its line end, and in the one before.
    const lineEnds = [...whole.entries()].flatMap(([at, byte]) => (byte === 0x0a ? [at] : []));
    for (const [bytes, left] of [
      [whole.length - 40, HOLES - 1],
      [whole.length - 1, HOLES - 1],
      [lineEnds[HOLES - 3]! + 2, HOLES - 2],
      [0, 0],
    ] as const) {
      await truncate(path, bytes);
      expect(await countLabels()).toEqual([left, 0]);
      expect(await labelHoles(holes, runner, { directory, shards: 1, signal })).toBe(HOLES - left);
      expect(await countLabels()).toEqual([HOLES, 0]);
    }
    const lines = (await readFile(path, 'utf8')).split('\n').slice(0, -1);
    expect(lines.map((line) => (JSON.parse(line) as { schema: number }).schema)).toEqual(
      Array.from({ length: HOLES }, () => 1),
    );
  });
});

describe('a model without fill-in-the-middle tokens', () => {
  const label = (model: string) =>
    runDataset('label', dataset, '--model', model, '--models-dir', join(base, 'models'), '--threads', '1');

  it('is refused before anything is labelled', async () => {
    const bytes = await readFile(NANO_MODEL);
    // Its markers are ordinary words now: the file has no other mention of them.
    for (let at = bytes.indexOf('<fim_'); at >= 0; at = bytes.indexOf('<fim_')) bytes.write('<not_', at);
    const path = join(base, 'plain.gguf');
    await writeFile(path, bytes);
    const before = await readdir(join(dataset, 'labels')).catch(() => []);
    await expect(label(path)).rejects.toMatchObject({
      kind: 'failed_precondition',
      reason: 'MODEL_UNSUPPORTED',
      message: expect.stringMatching(
        /^plain\.gguf has no fill-in-the-middle tokens.*choose a model that can/,
      ) as string,
    });
    expect(await readdir(join(dataset, 'labels')).catch(() => [])).toEqual(before);
  });

  it('is another error than a file that is no model', async () => {
    const path = join(base, 'text.gguf');
    await writeFile(path, 'not a model');
    await expect(label(path)).rejects.toMatchObject({ reason: 'MODEL_INVALID' });
  });
});
