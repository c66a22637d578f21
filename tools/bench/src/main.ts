import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine } from './machine.js';
import { Daemon, runCli, type GitRepository } from '@repoformer/e2e/harness';
import { measureCopying } from './measure-copying.js';
import { measureFirst } from './measure-first.js';
import { measureIndexing } from './measure-index.js';
import { DEFAULT_POLICY, measurePolicy } from './measure-policy.js';
import { measureSearch } from './measure-retrieval.js';
import {
  measureCommit,
  measureCompletion,
  measureHooks,
  measureIndex,
  measureRetrieval,
  type Rows,
} from './measurements.js';
import { createSampleRepository } from './sample-repository.js';

const HELP = `Measures, and prints a table.

  npm run bench                        the daemon: index, retrieval, commits, hooks and completions
  npm run bench -- index [REPOSITORY]     first index, restart, commits and branch switches, beside git;
                                          then in the daemon: answers meanwhile, and what hooks tell
  npm run bench -- retrieve [REPOSITORY]  search and retriever, beside comparing with every window, git, and ripgrep
  npm run bench -- policy [FILE]          decisions of a fitted policy (default: that of repoformer-qwen2.5-coder-0.5b)
  npm run bench -- first                  a model's first request, as it is loaded and after its rehearsal
  npm run bench -- copying                what a written token takes, with and without help to copy

It works on a clone; without a repository it makes one of the source files of installed packages.

  --files 4000  --queries 500  --commits 40  --completions 12  --model default
  --rounds 7    with first: in new processes, both ways in turn; with copying: all ways in turn
  --plot FILE   with index: cost against the size of a change, as SVG
  --lines N     with retrieve: adds altered copies until there are so many lines
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    files: { type: 'string', default: '4000' },
    queries: { type: 'string', default: '500' },
    completions: { type: 'string', default: '12' },
    commits: { type: 'string', default: '40' },
    model: { type: 'string', default: 'default' },
    lines: { type: 'string', default: '0' },
    rounds: { type: 'string', default: '7' },
    plot: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const [what = 'daemon', path] = positionals;
const known =
  ['index', 'retrieve', 'policy'].includes(what) ||
  (['daemon', 'first', 'copying'].includes(what) && path === undefined);
if (values.help || !known) {
  console.log(HELP);
  process.exitCode = values.help ? 0 : 2;
} else {
  const rows = await measure();
  console.log('| what | figure |\n| --- | --- |');
  for (const [name, figure] of [['machine', describeMachine()], ...rows])
    console.log(`| ${name} | ${figure} |`);
}

async function measure(): Promise<Rows> {
  if (what === 'policy') return measurePolicy(path === undefined ? DEFAULT_POLICY : resolve(path));
  if (what === 'copying') return measureCopying(values.model, Number(values.rounds));
  if (what === 'first') return measureFirst(values.model, Number(values.rounds));
  return measureRepository(what, path);
}

async function measureRepository(what: string, path: string | undefined): Promise<Rows> {
  const sample = path === undefined ? createSampleRepository(Number(values.files)) : undefined;
  try {
    return what === 'daemon'
      ? await measureDaemon(sample!)
      : await measureParts(what, sample?.root ?? resolve(path!));
  } finally {
    sample?.remove();
  }
}

function measureParts(what: string, root: string): Promise<Rows> {
  return what === 'index'
    ? measureIndexing(root, {
        commits: Number(values.commits),
        ...(values.plot !== undefined && { plot: resolve(values.plot) }),
      })
    : measureSearch(root, { queries: Number(values.queries), lines: Number(values.lines) });
}

async function measureDaemon(repository: GitRepository): Promise<Rows> {
  const daemon = await Daemon.start({ model: values.model });
  try {
    const rows: Rows = [];
    rows.push(...(await measureIndex(daemon, repository)));
    rows.push(...(await measureRetrieval(daemon, repository, Number(values.queries))));
    rows.push(...(await measureCommit(daemon, repository, Number(values.commits))));
    const install = () => runCli(['hooks', 'install', repository.root, '--data-dir', daemon.dataDirectory]);
    rows.push(...(await measureHooks(repository, install, Number(values.commits))));
    rows.push(...(await measureCompletion(daemon, repository, Number(values.completions))));
    return rows;
  } finally {
    await daemon.remove();
  }
}
