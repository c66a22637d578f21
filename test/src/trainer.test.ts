import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  DEFAULT_RUN_SETTINGS,
  HoleRunner,
  openLabelModel,
  trainingSample,
  type HoleRun,
  type LabelModelOptions,
  type RunnableHole,
} from '@repoformer/dataset';
import type { Chunk } from '@repoformer/domain';
import { ModelStore } from '@repoformer/models';
import { PROJECT_ROOT, TORCH_PYTHON, TRAINER, whyNoTorch } from './harness/index.js';

const missing = whyNoTorch();
if (missing) console.warn(`skipped: the tests of tools/trainer need ${missing}`);

describe.skipIf(missing)('tools/trainer', () => {
  const { signal } = new AbortController();
  // Each hole under way listens some times.
  setMaxListeners(0, signal);
  const run = (...args: string[]) =>
    spawnSync(TORCH_PYTHON, args, { cwd: TRAINER, encoding: 'utf8', timeout: 590_000 });

  it('passes its own tests', { timeout: 600_000 }, () => {
    const { status, stdout, stderr } = run('-m', 'pytest', '-q');
    expect(status, stdout + stderr).toBe(0);
    expect(stdout).toMatch(/\d+ passed/);
    // Those that ask llama.cpp are skipped where the product is not built. Here it is.
    expect(stdout).not.toMatch(/skipped/);
  });

  it.each([['check'], ['format', '--check']])('is linted and formatted: ruff %s', (...args) => {
    const { status, stdout, stderr } = run('-m', 'ruff', ...args, '.');
    expect(status, stdout + stderr).toBe(0);
  });

  describe('evaluates holes', () => {
    let directory: string;
    let byLlama: HoleRun[];
    let byTorch: HoleRun[];
    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'repoformer-trainer-'));
      byLlama = await runsOf();
      byTorch = await runsOf({ torch: { python: TORCH_PYTHON, device: 'cpu', threads: 1, lanes: 3 } });
    }, 300_000);
    afterAll(() => rm(directory, { recursive: true, force: true }));

    const open = (options: Partial<LabelModelOptions> = {}) =>
      openLabelModel({ model: 'repoformer-nano', modelsDirectory: directory, signal, ...options });

    async function writeSamples(path: string, options: Partial<LabelModelOptions> = {}): Promise<void> {
      const { model, format, spec } = await open(options);
      try {
        const how = {
          model,
          format,
          settings: { ...DEFAULT_RUN_SETTINGS, suffixFirst: 0, shortened: 0 },
          signal,
        };
        const samples = [];
        for (const [at, hole] of HOLES.entries()) {
          const asked = { ...hole, id: String(at), retrieve: at % 2 };
          samples.push(await trainingSample(asked, CHUNKS.slice(0, at % 3), how));
        }
        const head = {
          schema: 1,
          samples: samples.length,
          retrieveToken: format.decisionToken,
          middleToken: samples[0]!.tail[0],
          modelSha256: createHash('sha256')
            .update(await readFile(spec.path))
            .digest('hex'),
        };
        await writeFile(path, [head, ...samples].map((each) => `${JSON.stringify(each)}\n`).join(''));
      } finally {
        await model.close();
      }
    }

    /** All holes at a time, as far as the model has lanes. */
    async function runsOf(options: Partial<LabelModelOptions> = {}): Promise<HoleRun[]> {
      const { model, format } = await open(options);
      try {
        const runner = new HoleRunner(model, format, { ...DEFAULT_RUN_SETTINGS, completions: 'all' });
        return await Promise.all(HOLES.map((hole) => runner.run(hole, CHUNKS, signal)));
      } finally {
        await model.close();
      }
    }

    it('as llama.cpp does, but for rounding', () => {
      expect(byTorch.map(({ tokens }) => tokens)).toEqual(byLlama.map(({ tokens }) => tokens));
      byTorch.forEach(({ variants, alone, probes }, hole) => {
        const expected = byLlama[hole]!;
        expect(Math.abs(alone!.logLikelihood - expected.alone!.logLikelihood)).toBeLessThan(0.1);
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

    it(
      'trains on them an adapter that llama.cpp loads, and says the same of',
      { timeout: 300_000 },
      async () => {
        const samples = join(directory, 'samples.jsonl');
        const trained = join(directory, 'run');
        await writeSamples(samples);
        const args = ['-m', 'repoformer_trainer.train', trained, '--model', NANO, '--samples', samples];
        const train = () =>
          run(
            ...args,
            '--steps',
            '6',
            '--batch',
            '2',
            '--warmup',
            '1',
            '--learning-rate',
            '0.01',
            '--rank',
            '4',
            '--alpha',
            '8',
            '--threads',
            '1',
          );
        const first = train();
        expect(first.status, first.stdout + first.stderr).toBe(0);
        const adapter = join(trained, 'adapter.gguf');
        const file = await readFile(adapter);
        // The same command finds nothing left to do, and writes the same file.
        expect(train().status).toBe(0);
        expect((await readFile(adapter)).equals(file)).toBe(true);

        const store = await ModelStore.open({ modelsDirectory: directory });
        const adapters = [{ path: adapter, scale: 1 }];
        await store.merge('repoformer-nano', { name: 'trained', type: 'f16', adapters });
        const merged = join(directory, 'trained.gguf');
        const [plain, adapted, byTorchMerged] = [
          byLlama,
          await runsOf({ adapters: [adapter] }),
          await runsOf({
            model: merged,
            torch: { python: TORCH_PYTHON, device: 'cpu', threads: 1, lanes: 3 },
          }),
        ];
        const gains = plain.map((each, hole) => ({
          llama: adapted[hole]!.variants[1]!.logLikelihood - each.variants[1]!.logLikelihood,
          torch: byTorchMerged[hole]!.variants[1]!.logLikelihood - each.variants[1]!.logLikelihood,
        }));
        for (const { llama, torch } of gains) expect(Math.abs(llama - torch)).toBeLessThan(0.25);
        // It was trained on these very holes.
        expect(gains.reduce((sum, { llama }) => sum + llama, 0)).toBeGreaterThan(0.5);
      },
    );

    it(
      'makes and trains a smaller model that llama.cpp loads, and says the same of',
      { timeout: 300_000 },
      async () => {
        const [small, samples, trained] = ['small.gguf', 'small.jsonl', 'small'].map((name) =>
          join(directory, name),
        ) as [string, string, string];
        const sizes = [
          '--layers',
          '2',
          '--width',
          '64',
          '--heads',
          '2',
          '--kv-heads',
          '1',
          '--feed-forward',
          '96',
        ];
        const made = run('-m', 'repoformer_trainer.create', small, '--like', NANO, ...sizes);
        expect(made.status, made.stdout + made.stderr).toBe(0);
        await writeSamples(samples, { model: small });
        const learnt = run(
          ...['-m', 'repoformer_trainer.train', trained, '--full', '--model', small, '--samples', samples],
          ...['--teacher', NANO, '--teacher-weight', '0.5', '--text-weight', '0.5'],
          ...['--steps', '20', '--batch', '2', '--warmup', '1', '--learning-rate', '0.01', '--threads', '1'],
        );
        expect(learnt.status, learnt.stdout + learnt.stderr).toBe(0);
        const model = join(trained, 'model.gguf');
        const torch = { python: TORCH_PYTHON, device: 'cpu', threads: 1, lanes: 3 } as const;
        const [before, after, byTorchToo] = [
          await runsOf({ model: small }),
          await runsOf({ model }),
          await runsOf({ model, torch }),
        ];
        const likelihoods = (runs: readonly HoleRun[]) =>
          runs.flatMap(({ variants }) => variants.map(({ logLikelihood }) => logLikelihood));
        const [untaught, taught, other] = [before, after, byTorchToo].map(likelihoods) as [
          number[],
          number[],
          number[],
        ];
        taught.forEach((each, at) => {
          expect(Math.abs(each - other[at]!)).toBeLessThan(0.1);
          // It was trained on these very holes.
          expect(each).toBeGreaterThan(untaught[at]! + 1);
        });
      },
    );

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

const NANO = join(PROJECT_ROOT, 'models/repoformer-nano0-7m-q8_0.gguf');

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
