import { parseArgs } from 'node:util';
import { Daemon, runCli } from '@repoformer/e2e/harness';
import { describeMachine } from './machine.js';
import {
  measureCommit,
  measureCompletion,
  measureHooks,
  measureIndex,
  measureRetrieval,
  type Rows,
} from './measurements.js';
import { createSampleRepository } from './sample-repository.js';

const HELP = `Measures the daemon on a repository made from installed packages, and prints a table.

  npm run bench -- [--files 4000] [--queries 500] [--completions 12] [--commits 40] [--model default]
`;

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '4000' },
    queries: { type: 'string', default: '500' },
    completions: { type: 'string', default: '12' },
    commits: { type: 'string', default: '40' },
    model: { type: 'string', default: 'default' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(HELP);
} else {
  await main();
}

async function main(): Promise<void> {
  const repository = createSampleRepository(Number(values.files));
  const daemon = await Daemon.start({ model: values.model });
  try {
    const rows: Rows = [['machine', describeMachine()]];
    rows.push(...(await measureIndex(daemon, repository)));
    rows.push(...(await measureRetrieval(daemon, repository, Number(values.queries))));
    rows.push(...(await measureCommit(daemon, repository, Number(values.commits))));
    const install = () => runCli(['hooks', 'install', repository.root, '--data-dir', daemon.dataDirectory]);
    rows.push(...(await measureHooks(repository, install, Number(values.commits))));
    rows.push(...(await measureCompletion(daemon, repository, Number(values.completions))));
    console.log('| what | figure |\n| --- | --- |');
    for (const [what, figure] of rows) console.log(`| ${what} | ${figure} |`);
  } finally {
    await daemon.remove();
    repository.remove();
  }
}
