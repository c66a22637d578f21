/**
 * `npm run evaluate -- DATA`: everything behind docs/evaluation, from packages to policies and tables. It takes a small
 * machine half a day, and goes on where it was interrupted: what is in DATA is not made again. The labels to learn from
 * that come with the project are taken over with --torch, which made them; without it, llama.cpp makes them anew.
 */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { build } from './build.mjs';
import { ensureInstalled } from './install.mjs';
import { heading, main, ROOT, SetupError } from './project.mjs';

const DATASET = join(ROOT, 'tools/dataset/bin/repoformer-dataset.mjs');
const POLICY = join(ROOT, 'tools/policy/bin/repoformer-policy.mjs');
const EVALUATION = join(ROOT, 'tools/eval/bin/repoformer-eval.mjs');
const CORPUS = join(ROOT, 'tools/dataset/corpora/policy.json');
const KEPT_LABELS = join(ROOT, 'tools/dataset/labels/policy');
const NANO = 'repoformer-nano';

/** How many holes, and of which splits: the benchmark judges only. */
const LEARNT = ['--split', 'train', 'calibration'];
const SIZES = { labels: 2000, chunkLabels: 300, benchmark: 600, served: 80 };

/** Where reports and tables are made. Programs run in DATA and name what is there by its place in it. */
const MADE = 'evaluation';

class Evaluation {
  /** Folders of labels by the arguments that they were made with. */
  runs = new Map();

  constructor(data, { model, torch, out, scale }) {
    this.data = data;
    this.model = model;
    this.torch = torch;
    this.out = resolve(out);
    this.sizes = Object.fromEntries(
      Object.entries(SIZES).map(([name, size]) => [name, String(Math.ceil(size * Number(scale)))]),
    );
  }

  /** Names and steps, in their order. Each finds what those before it made. */
  steps() {
    return Object.entries({
      holes: () => this.buildHoles(),
      labels: () => this.labelFor('labels'),
      'chunk-labels': () => this.labelFor('chunkLabels'),
      'small-model': () => this.askSmallModel(LEARNT),
      policies: () => this.fitPolicies(),
      benchmark: () => this.labelBenchmark(),
      'small-model-benchmark': () => this.askSmallModel(['--split', 'benchmark'], this.sizes.benchmark),
      functions: async () => {
        const args = ['functions', '.', '--labels', await this.labelBenchmark(), '--corpus', CORPUS];
        await this.execute(EVALUATION, args);
      },
      baseline: () => this.execute(EVALUATION, ['baseline', '.', '--corpus', CORPUS, '--out', 'ngram']),
      report: () => this.report(),
      serve: () => this.serve(),
      publish: async () => cpSync(join(this.data, MADE), this.out, { recursive: true }),
    });
  }

  async buildHoles() {
    const context = ['--with-middle', '0', '--random-context', '0'];
    mkdirSync(this.data, { recursive: true });
    await this.execute(DATASET, ['build', '.', '--corpus', CORPUS, ...context]);
    for (const run of existsSync(KEPT_LABELS) ? readdirSync(KEPT_LABELS) : []) {
      const target = join(this.data, 'labels', run);
      mkdirSync(target, { recursive: true });
      cpSync(join(KEPT_LABELS, run), target, { recursive: true });
    }
  }

  /** Labels to learn from: by PyTorch where there is one, a process for each core. @returns the run's folder */
  async labelFor(size) {
    const asked = {
      labels: ['--max-chunks', '1'],
      chunkLabels: ['--max-chunks', '3', '--completions', 'all'],
    }[size];
    return this.labelSideBySide(['--model', this.model, ...LEARNT, ...asked, '--limit', this.sizes[size]]);
  }

  async labelSideBySide(args) {
    const engine = this.torch === undefined ? [] : ['--torch', resolve(this.torch)];
    return this.once([...args, ...engine, '--threads', '1'], availableParallelism());
  }

  /** Labels by so many processes side by side, unless this call has done it already. @returns the run's folder */
  async once(args, processes = 1) {
    const key = args.join(' ');
    if (!this.runs.has(key)) {
      const label = () => this.execute(DATASET, ['label', '.', ...args]);
      const [said] = await Promise.all(Array.from({ length: processes }, label));
      this.runs.set(key, relative(this.data, runIn(said)));
    }
    return this.runs.get(key);
  }

  /** Judged as it is served: llama.cpp, one process, all cores, its milliseconds count. @returns the run's folder */
  async labelBenchmark() {
    const asked = ['--max-chunks', '3', '--completions', 'all', '--limit', this.sizes.benchmark];
    return this.once(['--model', this.model, '--split', 'benchmark', ...asked]);
  }

  /**
   * What the small model says where prefix and suffix end: as policy of the larger one. Without limit of all holes, since a
   * policy is fitted only where every label has its word.
   *
   * @returns the run's folder
   */
  async askSmallModel(split, limit) {
    const asked = ['--model', NANO, ...split, '--max-chunks', '1', '--completions', 'none'];
    return limit === undefined ? this.labelSideBySide(asked) : this.once([...asked, '--limit', limit]);
  }

  /** Whether the model has a token to say that it wants context. */
  async saysItself() {
    const { FAMILY_TABLE } = await import('@repoformer/fim');
    const { family } = JSON.parse(
      readFileSync(join(this.data, await this.labelFor('labels'), 'run.json'), 'utf8'),
    );
    return FAMILY_TABLE.some((one) => one.family.name === family && one.family.decisionToken !== undefined);
  }

  async fitPolicies() {
    const labels = await this.labelFor('labels');
    const learnt = ['--labels', labels, '--chunk-labels', await this.labelFor('chunkLabels')];
    const fit = (name, ...more) =>
      this.execute(POLICY, [
        ...['fit', '.', ...learnt, '--out', policyFile(name)],
        ...['--report', join(MADE, `fit-${name}.md`), ...more],
      ]);
    await fit('classifier');
    await fit('with-readout', '--probed', 'combined-trees-readout-first');
    if (await this.saysItself()) {
      await fit('decision-token', '--free', 'similarity', '--probed', 'decision-token');
    }
    const small = await this.askSmallModel(LEARNT);
    await fit('small-model', '--probes', small, '--probed', 'combined-trees');
  }

  async report() {
    const small = await this.askSmallModel(['--split', 'benchmark'], this.sizes.benchmark);
    const own = (await this.saysItself()) ? ['decision-token'] : [];
    const policies = ['classifier', 'with-readout', ...own, 'small-model'].map(
      (name) => `${name}=${policyFile(name)}`,
    );
    // The daemon's rule for models without a fitted policy.
    const { DEFAULT_SIMILARITY_THRESHOLD } = await import('@repoformer/policy');
    await this.execute(EVALUATION, [
      ...['report', '.', '--labels', await this.labelBenchmark(), '--out', MADE],
      ...['--policy', ...policies, '--probes', `small-model=${small}`],
      ...['--similarity', String(DEFAULT_SIMILARITY_THRESHOLD), '--chunks', '1', '2', '--baseline', 'ngram'],
    ]);
  }

  async serve() {
    const out = 'serve';
    await this.execute(EVALUATION, [
      ...['serve', '.', '--corpus', CORPUS, '--out', out, '--limit', this.sizes.served],
      ...['--model', this.model, '--policy', policyFile('with-readout')],
    ]);
    for (const name of ['serve.md', 'serve.json']) {
      cpSync(join(this.data, out, name), join(this.data, MADE, name));
    }
  }

  execute(script, args) {
    return execute(script, args, this.data);
  }
}

function policyFile(name) {
  return `policies/${name}.json`;
}

/** Runs a program in a folder, showing what it says. @returns what it said */
function execute(script, args, cwd) {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [script, ...args], {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
    });
    let said = '';
    for (const stream of ['stdout', 'stderr']) {
      child[stream].setEncoding('utf8').on('data', (text) => {
        said += text;
        if (stream === 'stderr') process.stderr.write(text);
      });
    }
    child.once('error', (error) => fail(new SetupError(`node cannot be run: ${error.message}`)));
    child.once('close', (code) => {
      if (code === 0) return done(said);
      fail(
        new SetupError(`${script} ${args.join(' ')}\nended with exit code ${code}; what it said is above`),
      );
    });
  });
}

/** The folder of labels that a labelling command names. */
function runIn(said) {
  const [, folder] = /^labels: (.*)$/m.exec(said) ?? [];
  if (folder === undefined) throw new SetupError('labelling did not say where its labels are');
  return folder;
}

await main(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      model: { type: 'string', default: 'default' },
      torch: { type: 'string' },
      out: { type: 'string', default: join(ROOT, 'docs/evaluation') },
      scale: { type: 'string', default: '1' },
      only: { type: 'string', multiple: true },
    },
  });
  if (positionals.length !== 1) {
    throw new SetupError(
      'usage: npm run evaluate -- DATA [--torch PYTHON] [--model NAME] [--out FOLDER] [--only STEP] [--scale SHARE]',
      2,
    );
  }
  await ensureInstalled();
  await build();
  const evaluation = new Evaluation(resolve(positionals[0]), values);
  for (const [name, step] of evaluation.steps()) {
    if (values.only && !values.only.includes(name)) continue;
    heading(name);
    const startedAt = performance.now();
    await step();
    console.log(`${name}: ${((performance.now() - startedAt) / 60_000).toFixed(1)} min`);
  }
});
