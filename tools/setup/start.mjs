/**
 * `npm start`: from a fresh clone to a completion with context from this very repository. Each step says what it
 * does and may be interrupted; the next run goes on from there.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { addBackends, missingBasicPackage } from './backend-packages.mjs';
import { build } from './build.mjs';
import { findDemonstration } from './demonstration.mjs';
import { ensureInstalled } from './install.mjs';
import { heading, main, ROOT, runCli, SetupError } from './project.mjs';

const EMBEDDED = 'repoformer-small';
const EXIT_INTERRUPTED = 130;

await main(async () => {
  const options = process.argv.slice(2);
  const unknown = options.find((option) => option !== '--offline');
  if (unknown !== undefined) throw new SetupError(`unknown option ${unknown}; there is only --offline`, 2);
  const offline = options.includes('--offline') || process.env['REPOFORMER_OFFLINE'] === 'true';

  await ensureInstalled();
  const basic = missingBasicPackage();
  if (basic !== undefined) await addBackends([basic]);
  await build();
  const model = await getModel(offline);
  await startDaemon(model);
  const isIndexed = await indexOwnRepository();
  await demonstrate(isIndexed);
  tellNext(model);
});

/**
 * Pulls the default model.
 *
 * @returns {Promise<string | undefined>} the model to start with; undefined: what the configuration says
 */
async function getModel(offline) {
  heading('Getting the model');
  const chosen = process.env['REPOFORMER_MODEL'] ?? '';
  if (chosen !== '') {
    console.log(`REPOFORMER_MODEL names ${chosen}: nothing is downloaded.`);
    return undefined;
  }
  const { code } = await runCli(['model', 'pull', ...(offline ? ['--offline'] : [])]);
  if (code === 0) return undefined;
  if (code === EXIT_INTERRUPTED) throw new SetupError('stopped; the next npm start goes on from here', code);
  console.log(
    [
      '',
      `Going on with the small model that comes along, ${EMBEDDED} (20 MB). What that costs: it has 28 million`,
      'parameters instead of 500, and gets 15 of 100 test places exactly right where the default model gets 49.',
      'It answers in a tenth of the time.',
    ].join('\n'),
  );
  return EMBEDDED;
}

/** A daemon from before may run older code or another model: it is started anew. */
async function startDaemon(model) {
  heading('Starting the daemon');
  await check(['down'], 'the daemon that runs could not be stopped', { capture: true });
  await check(['up', ...(model === undefined ? [] : ['--model', model])], 'the daemon could not be started');
}

/** @returns {Promise<boolean>} whether there is anything to retrieve from */
async function indexOwnRepository() {
  heading('Indexing this repository');
  if (!existsSync(join(ROOT, '.git'))) {
    console.log(
      [
        'This folder is no git clone (there is no .git), and the index is built from commits: nothing to index.',
        'The completion below is therefore made without context from other files. For the whole, use git clone.',
      ].join('\n'),
    );
    return false;
  }
  await check(['repo', 'add', ROOT, '--wait'], 'this repository could not be indexed');
  return true;
}

async function demonstrate(isIndexed) {
  const { file, line, column, text } = findDemonstration((path) => readFileSync(join(ROOT, path), 'utf8'));
  const place = ['complete', `${file}:${line}:${column}`, '--replace-line'];
  heading('Completing a line of this project');
  console.log(`${file}, line ${line}, is`);
  console.log(`\n    ${text.trim()}\n`);
  console.log(
    `The model sees what is before column ${column} and the lines around it, and writes the rest:\n`,
  );
  await check([...place, '--explain'], 'the completion failed');
  if (!isIndexed) return;
  // Its own words only: what it decided and how long it took has been shown.
  const { code, stdout } = await runCli([...place, '--mode', 'never'], { capture: true, quiet: true });
  if (code === 0) console.log(`\nWithout context from other files it writes:\n\n${stdout.trimEnd()}`);
}

function tellNext(model) {
  heading('Next, in a repository of your own');
  console.log(
    [
      '  npx repoformer repo add ~/my/repository        index it',
      '  npx repoformer hooks install ~/my/repository   keep the index at HEAD with each commit',
      '  npx repoformer complete ~/my/repository/FILE:LINE:COL',
      '  npx repoformer --help                          everything else',
      '',
      'Run these from this folder. The daemon keeps running; "npx repoformer down" stops it.',
      ...(model === undefined
        ? []
        : [
            'To get the better model later:',
            '  npx repoformer model pull && npx repoformer down && npx repoformer up',
          ]),
    ].join('\n'),
  );
}

async function check(args, problem, options) {
  const { code } = await runCli(args, options);
  if (code === EXIT_INTERRUPTED) throw new SetupError('stopped; the next npm start goes on from here', code);
  if (code !== 0) throw new SetupError(`${problem}; "npx repoformer doctor" looks for the reason`, code);
}
