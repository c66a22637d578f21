import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { complete, startProgram, step } from './chain-steps.mjs';
import { ROOT, SetupError } from './project.mjs';

const TRAINER = join(ROOT, 'tools/trainer');
const BUNDLED_MODEL = join(ROOT, 'models/repoformer-nano0-7m-q8_0.gguf');
/** Of the bundled model's, so that stage 1 begins with something that can be learnt from in a minute. */
const LAYERS = '0,2,4';
/** Checkpoints come every 50 steps. */
const STEPS = { 'stage-1': 80, 'stage-2': 40 };
const SIZES = ['--prefix-tokens', '256', '--suffix-tokens', '64', '--context-tokens', '256'];
const POLL_MS = 20;

/**
 * Trains a model that completes and decides, from a dataset to its evaluation: stage 1, completing, killed on its way
 * and resumed; labels by what came of it; stage 2, completing and deciding.
 *
 * @param {{ dataset: string, folder: string, python: string, env: NodeJS.ProcessEnv,
 *   tools: Record<'dataset' | 'evaluation' | 'cli', (...args: string[]) => Promise<string>> }} place
 */
export async function trainModels({ dataset, folder, python, env, tools }) {
  const startTrainer = (module, ...args) =>
    startProgram(python, ['-m', `repoformer_trainer.${module}`, ...args], env, TRAINER);
  const student = join(folder, 'student.gguf');
  const writeSamples = async (model, ...more) => {
    const out = `${model}.jsonl.gz`;
    await tools.dataset('samples', dataset, '--model', model, '--out', out, ...more);
    return out;
  };
  const label = async (model, split) => {
    const before = new Set(runsOf(dataset));
    await tools.dataset('label', dataset, '--model', model, '--split', split, '--max-chunks', '1', ...SIZES);
    return runsOf(dataset).find((run) => !before.has(run));
  };
  const train = (stage, model, samples, ...more) =>
    startTrainer(
      ...['train', join(folder, stage), '--full', '--model', model, '--samples', samples, ...more],
      ...['--steps', String(STEPS[stage]), '--batch', '4', '--learning-rate', '0.001', '--threads', '2'],
    );

  await step('student', async () => {
    await complete(startTrainer('create', student, '--like', BUNDLED_MODEL, '--keep-layers', LAYERS));
    return [undefined, `layers ${LAYERS} of the bundled model`];
  });

  const first = await step('stage 1', async () => {
    const samples = await writeSamples(student);
    const start = () => train('stage-1', student, samples, '--text-weight', '0.5');
    await killAfterCheckpoint(start(), join(folder, 'stage-1'));
    const said = await complete(start());
    const [next] = /^step \d+/m.exec(said);
    return [
      join(folder, 'stage-1/model.gguf'),
      `killed (-9), resumed before ${next}; ${tellLoss(folder, 'stage-1')}`,
    ];
  });

  const second = await step('stage 2', async () => {
    const samples = await writeSamples(first, '--labels', await label(first, 'train'));
    await complete(train('stage-2', first, samples));
    return [join(folder, 'stage-2/model.gguf'), `completing and deciding; ${tellLoss(folder, 'stage-2')}`];
  });

  await step('trained', async () => {
    await tools.cli('model', 'import', second, '--name', 'trained');
    const out = join(folder, 'trained-report');
    const labels = await label('trained', 'benchmark');
    await tools.evaluation('report', dataset, '--labels', labels, '--out', out, '--self', '0.3');
    const { analysis } = JSON.parse(readFileSync(join(out, 'report.json'), 'utf8'));
    return [undefined, `imported, and judged on ${analysis.holes} holes`];
  });
}

/** Kills a run as hard as can be, once it has something to go on from. */
async function killAfterCheckpoint(child, run) {
  const ended = complete(child).then(
    () => 'it finished before it was killed',
    (error) => (error instanceof SetupError ? error.message : 'it failed'),
  );
  while (!existsSync(join(run, 'checkpoint.pt'))) {
    const state = await Promise.race([ended, delay(POLL_MS)]);
    if (state !== undefined) throw new SetupError(`training was to be killed, but ${state}`);
  }
  child.kill('SIGKILL');
  await ended;
}

/** Each step is noted once, whatever happened on the way, and something was learnt. */
function tellLoss(folder, stage) {
  const lines = readFileSync(join(folder, stage, 'loss.jsonl'), 'utf8')
    .trimEnd()
    .split('\n');
  const steps = lines.map((line) => JSON.parse(line)).filter(({ generation }) => generation !== undefined);
  if (steps.some(({ step: number }, at) => number !== at) || steps.length !== STEPS[stage]) {
    throw new SetupError(`${stage} does not have each of ${STEPS[stage]} steps once`);
  }
  const quarter = Math.floor(steps.length / 4);
  const [from, to] = [steps.slice(0, quarter), steps.slice(-quarter)].map(
    (part) => part.reduce((sum, { generation }) => sum + generation, 0) / part.length,
  );
  if (!(to < from)) throw new SetupError(`${stage} learnt nothing: its loss went from ${from} to ${to}`);
  return `loss ${from.toFixed(2)} to ${to.toFixed(2)} in ${steps.length} steps`;
}

function runsOf(dataset) {
  const labels = join(dataset, 'labels');
  return readdirSync(labels).map((name) => join(labels, name));
}
