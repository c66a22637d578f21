/**
 * `npm run chain`: everything between a repository and a fitted policy, once through, on a tiny corpus and with the
 * small model that comes along. It shows that the parts fit together; what such a model finds says nothing. With
 * `--torch PYTHON`, a Python that has the trainer's packages, it goes on to train a model and to judge it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { addBackends, missingBasicPackage } from './backend-packages.mjs';
import { build } from './build.mjs';
import { createOwnCorpus } from './chain-corpus.mjs';
import { complete, killAll, seconds, start, step } from './chain-steps.mjs';
import { trainModels } from './chain-training.mjs';
import { ensureInstalled } from './install.mjs';
import { CLI, heading, main, ROOT, SetupError } from './project.mjs';

const MODEL = 'repoformer-nano';
const DATASET = join(ROOT, 'tools/dataset/bin/repoformer-dataset.mjs');
const POLICY = join(ROOT, 'tools/policy/bin/repoformer-policy.mjs');
const EVALUATION = join(ROOT, 'tools/eval/bin/repoformer-eval.mjs');
/** In the temporary folder. */
const DAEMON_FOLDER = 'daemon';
const TINY_CORPUS = join(ROOT, 'tools/dataset/corpora/tiny.json');

/** Enough for a fit on the training holes and a calibration on others; few enough for minutes. */
const HOLES_PER_REPOSITORY = { own: 18, network: 40 };
const SHARDS = 2;
/** Labels that the process must have written before it is killed. */
const KILL_AFTER_LABELS = 3;
const POLL_MS = 20;

await main(async () => {
  const { network: isNetwork, keep, torch } = readOptions();
  const network = isNetwork || process.env['REPOFORMER_NETWORK_TESTS'] === '1';

  await ensureInstalled();
  const basic = missingBasicPackage();
  if (basic !== undefined) await addBackends([basic]);
  await build();
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'repoformer-chain-')));
  const cleanUp = () => {
    killAll();
    stopDaemon(folder);
    if (!keep) rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', cleanUp);
  try {
    heading(`From repositories to a policy, with ${MODEL}`);
    console.log(
      'This shows that every step works. The model is tiny: its figures say nothing about quality.\n',
    );
    const startedAt = performance.now();
    await runChain(folder, network, torch);
    console.log(`\nThe chain is whole: ${seconds(startedAt)}.`);
    if (keep) console.log(`Everything is in ${folder}.`);
  } finally {
    process.off('exit', cleanUp);
    cleanUp();
  }
});

function readOptions() {
  const options = {
    network: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    torch: { type: 'string' },
  };
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    throw new SetupError(`${error.message}; there are --network, --keep and --torch PYTHON`, 2);
  }
}

async function runChain(folder, network, python) {
  // Nothing of our own settings, caches and models on this machine takes part; what package clients are set to does.
  const foreign = Object.entries(process.env).filter(([name]) => !name.startsWith('REPOFORMER_'));
  const env = {
    ...Object.fromEntries(foreign),
    XDG_CACHE_HOME: join(folder, 'cache'),
    XDG_DATA_HOME: join(folder, 'data'),
  };
  const withoutSettings = { ...env, XDG_CONFIG_HOME: join(folder, 'config') };
  const execute = (script, ...args) => complete(start(script, args, script === CLI ? withoutSettings : env));
  const dataset = join(folder, 'dataset');
  const policy = join(folder, 'policy.json');

  const { manifest, repositories } = await step('corpus', () => {
    const own = createOwnCorpus(join(folder, 'repositories'));
    if (network) return [{ ...own, manifest: TINY_CORPUS }, 'packages, by tools/dataset/corpora/tiny.json'];
    return [own, `${own.repositories.length} repositories of this project's own code`];
  });

  const holes = await step('holes', async () => {
    const most = HOLES_PER_REPOSITORY[network ? 'network' : 'own'];
    const built = ['build', dataset, '--corpus', manifest, '--holes', String(most)];
    await execute(DATASET, ...built, '--with-middle', '0', '--random-context', '0');
    const { holes: splits } = JSON.parse(await execute(DATASET, 'stats', dataset, '--json'));
    const counts = Object.entries(splits).map(([split, each]) => `${each.holes} ${split}`);
    return [splits, counts.join(', ')];
  });
  const total = Object.values(holes).reduce((sum, split) => sum + split.holes, 0);

  const labels = await step('labels', async () => {
    const label = ['label', dataset, '--model', MODEL, '--shards', String(SHARDS), '--threads', '1'];
    const sizes = ['--prefix-tokens', '256', '--suffix-tokens', '64', '--context-tokens', '256'];
    const args = [...label, ...sizes, '--max-chunks', '2', '--completions', 'all'];
    return labelInTwo((shard) => start(DATASET, [...args, '--shard', String(shard)], env), dataset, total);
  });

  const fitReport = join(folder, 'fit.json');
  await step('policy', async () => {
    await execute(POLICY, 'fit', dataset, '--labels', labels, '--out', policy, '--report', fitReport);
    const { chosen, train } = JSON.parse(readFileSync(fitReport, 'utf8'));
    await execute(POLICY, 'show', policy);
    return [undefined, `${chosen.probed ?? chosen.free}, fitted on ${train.holes} holes`];
  });

  await step('report', async () => {
    const out = join(folder, 'report');
    const judged = ['--policy', `fitted=${policy}`, '--similarity', '0.28', '--self', '0.3', '--chunks', '1'];
    const said = await execute(EVALUATION, 'report', dataset, '--labels', labels, '--out', out, ...judged);
    checkReport(out, holes.benchmark.holes);
    return [undefined, `HTML, JSON and Markdown on ${holes.benchmark.holes} holes`, said.split('\n')[0]];
  });

  await step('daemon', () => completeWith(policy, folder, execute, repositories.at(-1).root));

  if (python === undefined) return;
  const tools = {
    dataset: (...args) => execute(DATASET, ...args),
    evaluation: (...args) => execute(EVALUATION, ...args),
    cli: (...args) => execute(CLI, ...args),
  };
  await trainModels({ dataset, folder, python: resolve(python), env, tools });
}

/**
 * Labels with two processes side by side. One is killed as hard as can be on its way and started again; nothing may
 * be lost by that, and no hole labelled twice.
 *
 * @param {(shard: number) => import('node:child_process').ChildProcess} startLabelling
 */
async function labelInTwo(startLabelling, dataset, total) {
  const killed = startLabelling(0);
  const other = startLabelling(1);
  const whole = complete(other);
  const ended = complete(killed).then(
    () => 'it finished before it was killed',
    () => 'it failed',
  );
  while (labelsOf(dataset, 0).split('\n').length <= KILL_AFTER_LABELS) {
    const state = await Promise.race([ended, whole.then(() => undefined), delay(POLL_MS)]);
    if (state !== undefined) throw new SetupError(`a labelling process was to be killed, but ${state}`);
  }
  killed.kill('SIGKILL');
  await ended;
  const kept = labelsOf(dataset, 0);
  await Promise.all([whole, complete(startLabelling(0))]);

  const files = [labelsOf(dataset, 0), labelsOf(dataset, 1)];
  const whatWasWhole = kept.slice(0, kept.lastIndexOf('\n') + 1);
  if (!files[0].startsWith(whatWasWhole)) throw new SetupError('the kill -9 cost labels that were written');
  const ids = files.flatMap((text) => text.trimEnd().split('\n')).map((line) => JSON.parse(line).id);
  if (new Set(ids).size !== ids.length) throw new SetupError('a hole was labelled twice');
  if (ids.length !== total) throw new SetupError(`${ids.length} of ${total} holes are labelled`);
  const before = whatWasWhole.split('\n').length - 1;
  return [runOf(dataset), `${total} by two processes; one killed (-9) after ${before}, resumed, none twice`];
}

/** The folder of the only label run; undefined before there is one. */
function runOf(dataset) {
  const labels = join(dataset, 'labels');
  const [run] = existsSync(labels) ? readdirSync(labels) : [];
  return run === undefined ? undefined : join(labels, run);
}

function labelsOf(dataset, shard) {
  const run = runOf(dataset);
  const path = join(run ?? dataset, `labels-${shard}-of-${SHARDS}.jsonl`);
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

function checkReport(folder, holes) {
  const html = readFileSync(join(folder, 'report.html'), 'utf8');
  const isWhole = html.startsWith('<!doctype html>') && html.trimEnd().endsWith('</html>');
  if (!isWhole || !html.includes('<svg')) throw new SetupError('report.html is no page with figures');
  if (/\s(?:src|href)="(?:https?:)?\/\//.test(html)) throw new SetupError('report.html loads something');
  const { analysis } = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8'));
  if (analysis.holes !== holes)
    throw new SetupError(`report.json is about ${analysis.holes} holes, not ${holes}`);
  if (!readFileSync(join(folder, 'report.md'), 'utf8').includes('| fitted')) {
    throw new SetupError('report.md does not judge the fitted policy');
  }
}

/** A daemon that is given the policy must use it. */
async function completeWith(policy, folder, execute, root) {
  const place = ['--data-dir', join(folder, DAEMON_FOLDER), '--socket', join(folder, 'rf.sock')];
  await execute(CLI, 'up', ...place, '--model', MODEL, '--policy-file', policy);
  await execute(CLI, 'repo', 'add', root, '--wait', ...place);
  const file = readdirSync(root).find((name) => name.endsWith('.ts'));
  const said = await execute(CLI, 'complete', `${join(root, file)}:5`, '--json', ...place);
  const lines = said.trimEnd().split('\n');
  const events = lines.map((line) => JSON.parse(line));
  const decision = events.find((event) => event.decision)?.decision;
  if (decision?.policy !== 'classifier' || !events.at(-1)?.finished) {
    throw new SetupError(`the daemon did not complete with the fitted policy: ${JSON.stringify(decision)}`);
  }
  return [undefined, `decides with it: ${decision.reason}`];
}

/** Ends the daemon, which outlives whoever starts it. Also when this script is interrupted, so without waiting. */
function stopDaemon(folder) {
  const place = join(folder, DAEMON_FOLDER);
  if (!existsSync(place)) return;
  spawnSync(process.execPath, [
    CLI,
    'down',
    '--force',
    '--data-dir',
    place,
    '--socket',
    join(folder, 'rf.sock'),
  ]);
}
