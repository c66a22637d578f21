import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  DEFAULT_RUN_SETTINGS,
  HoleRunner,
  openLabelModel,
  type HoleRun,
  type RunnableHole,
} from '@repoformer/dataset';
import type { Chunk } from '@repoformer/domain';
import { TORCH_PYTHON, TRAINER, whyNoTorch } from './harness/index.js';

const missing = whyNoTorch();
if (missing) console.warn(`skipped: the tests of tools/trainer need ${missing}`);

describe.skipIf(missing)('tools/trainer', () => {
  const { signal } = new AbortController();
  const run = (...args: string[]) =>
    spawnSync(TORCH_PYTHON, args, { cwd: TRAINER, encoding: 'utf8', timeout: 290_000 });

  it('passes its own tests', { timeout: 300_000 }, () => {
    const { status, stdout, stderr } = run('-m', 'pytest', '-q');
    expect(status, stdout + stderr).toBe(0);
    expect(stdout).toMatch(/\d+ passed/);
  });

  describe('evaluates holes', () => {
    let directory: string;
    let byLlama: HoleRun[];
    let byTorch: HoleRun[];
    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'repoformer-trainer-'));
      byLlama = await runsOf();
      byTorch = await runsOf({ python: TORCH_PYTHON, device: 'cpu', threads: 1, lanes: 3 });
    }, 300_000);
    afterAll(() => rm(directory, { recursive: true, force: true }));

    /** All holes at a time, as far as the model has lanes. */
    async function runsOf(torch?: Parameters<typeof openLabelModel>[0]['torch']): Promise<HoleRun[]> {
      const { model, format } = await openLabelModel({
        model: 'repoformer-nano',
        modelsDirectory: directory,
        ...(torch && { torch }),
        signal,
      });
      try {
        const runner = new HoleRunner(model, format, { ...DEFAULT_RUN_SETTINGS, completions: 'all' });
        return await Promise.all(HOLES.map((hole) => runner.run(hole, CHUNKS, signal)));
      } finally {
        await model.close();
      }
    }

    it('as llama.cpp does, but for rounding', () => {
      expect(byTorch.map(({ tokens }) => tokens)).toEqual(byLlama.map(({ tokens }) => tokens));
      byTorch.forEach(({ variants, probes }, hole) => {
        const expected = byLlama[hole]!;
        expect(variants.map(({ chunks, contextTokens }) => [chunks, contextTokens])).toEqual(
          expected.variants.map(({ chunks, contextTokens }) => [chunks, contextTokens]),
        );
        variants.forEach(({ logLikelihood }, at) => {
          expect(Math.abs(logLikelihood - expected.variants[at]!.logLikelihood)).toBeLessThan(0.1);
        });
        expect(Math.abs(probes.first.top[0]! - expected.probes.first.top[0]!)).toBeLessThan(0.05);
        expect(probes.decision.readout.length).toBe(expected.probes.decision.readout.length);
      });
    });

    it('and writes what it writes', () => {
      const textsOf = (runs: readonly HoleRun[]) =>
        runs.flatMap(({ variants }) => variants.map(({ completion }) => completion!.text));
      const [texts, expected] = [textsOf(byTorch), textsOf(byLlama)];
      const same = texts.filter((text, at) => text === expected[at]).length;
      // Where two tokens are about as probable, rounding decides.
      expect(same).toBeGreaterThanOrEqual(0.7 * texts.length);
    });
  });
});

const CHUNKS: readonly Chunk[] = ['area', 'volume', 'length'].map((name, at) => ({
  path: `shapes/${name}.py`,
  startLine: 0,
  endLine: 3,
  score: 0.5 - at / 10,
  text: `def ${name}_of(shape, unit):\n    """The ${name} of a shape."""\n    return shape.${name} * unit.factor`,
}));

const HOLES: readonly RunnableHole[] = [
  [
    'def area(self, unit):\n        return ',
    'area_of(self, unit)',
    '\n\n    def name(self):\n        return self._name\n',
  ],
  ['    for shape in shapes:\n        tot', 'al += volume_of(shape, unit)', '\n    return total\n'],
  ['import os\n\nROOT = ', "os.environ['ROOT']", '\n'],
  [
    'def read(path):\n    with open(path) as file:\n',
    '        return file.read()',
    '\n\ndef write(path, text):\n',
  ],
  ['class Größe:\n    name = "', 'ä"', '\n'],
].map(([prefix, middle, suffix], at) => ({
  repository: 'test',
  path: `hole${at}.py`,
  language: 'python',
  kind: 'line',
  prefix: prefix!,
  middle: middle!,
  suffix: suffix!,
}));
