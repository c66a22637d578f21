import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Daemon, runCli } from '@repoformer/e2e/harness';
import { IndexWatch } from './index-watch.js';
import type { Rows } from './measurements.js';
import type { ScratchClone } from './scratch-clone.js';
import { quantile, spread, timed } from './statistics.js';
import { runTracedGit } from './traced-git.js';

const SWITCHED_FILES = 500;
const SWITCHES = 6;
/** Between an answer and the next question, so that asking is not the daemon's main work. */
const PAUSE_MS = 5;
/** Asked for so long when nothing is indexed. */
const IDLE_MS = 2000;
const COMPLETED_TOKENS = 8;

/** The index in the real daemon: whether it answers meanwhile, and how soon it follows real hooks. */
export async function measureDaemonIndex(clone: ScratchClone, commits: number): Promise<Rows> {
  const sources = clone.sources();
  const switched = sources.slice(0, SWITCHED_FILES);
  // Before the daemon comes, which is not to have seen these contents.
  clone.git('switch', '--quiet', '--create', 'switched');
  clone.edit(switched, 'switched');
  clone.git('switch', '--quiet', '-');
  // Whatever the user's own configuration says.
  clone.git('config', 'core.hooksPath', join(clone.root, '.git', 'hooks'));
  const daemon = await Daemon.start();
  try {
    const rows = await measureAnswers(daemon, clone, sources);
    const watch = new IndexWatch(daemon, clone.root);
    try {
      await watch.moved();
      await installHooks(daemon, clone);
      rows.push(...(await measureSwitches(clone, watch, switched.length)));
      rows.push(...(await measureCommits(clone, watch, sources, commits)));
    } finally {
      watch.close();
    }
    return rows;
  } finally {
    await daemon.remove();
  }
}

/** What clients wait while the daemon makes its first index, and when it has nothing else to do. */
async function measureAnswers(
  daemon: Daemon,
  clone: ScratchClone,
  sources: readonly string[],
): Promise<Rows> {
  const repository = clone.root;
  let count = 0;
  const complete = () => {
    const path = sources[(count++ * 7919) % sources.length]!;
    return daemon.complete({ path, prefix: clone.read(path).slice(0, 2000), maxTokens: COMPLETED_TOKENS });
  };
  const requests = {
    "`ListModels`, answered by the daemon's event loop": () => daemon.models.listModels({}),
    "`ListRepositories`, answered by the index's thread": () => daemon.repositories.listRepositories({}),
    [`completion of ${COMPLETED_TOKENS} tokens by the embedded model`]: complete,
  };
  // It waits until the model is loaded.
  await complete();
  const index = async () => {
    await daemon.repositories.addRepository({ root: repository });
    const watch = new IndexWatch(daemon, repository);
    await watch.moved().finally(() => watch.close());
  };
  const { value: meanwhile, ms } = await timed(() => askDuring(Object.values(requests), index));
  const idle = await askDuring(Object.values(requests), () => setTimeout(Math.min(ms, IDLE_MS)));
  return [
    ['first index in the daemon, while three clients ask', `${(ms / 1000).toFixed(2)} s`],
    ...Object.keys(requests).map(
      (what, i) =>
        [`${what}, meanwhile`, `${spread(meanwhile[i]!, 'ms')}; idle ${spread(idle[i]!, 'ms')}`] as const,
    ),
  ];
}

/** A client each asks one thing after the other until the work is done. @returns how long each answer took */
async function askDuring(
  requests: readonly (() => Promise<unknown>)[],
  work: () => Promise<unknown>,
): Promise<number[][]> {
  let isDone = false;
  const ask = async (request: () => Promise<unknown>) => {
    const waits: number[] = [];
    do {
      waits.push((await timed(request)).ms);
      await setTimeout(PAUSE_MS);
    } while (!isDone);
    return waits;
  };
  const [, ...waits] = await Promise.all([work().finally(() => (isDone = true)), ...requests.map(ask)]);
  return waits;
}

async function installHooks(daemon: Daemon, clone: ScratchClone): Promise<void> {
  const { code, stderr } = await runCli(['hooks', 'install', clone.root, '--data-dir', daemon.dataDirectory]);
  if (code !== 0) throw new Error(stderr);
}

/** To a branch that was never indexed, and back and there again, in the end back. */
async function measureSwitches(clone: ScratchClone, watch: IndexWatch, files: number): Promise<Rows> {
  const gitMs: number[] = [];
  const indexMs: number[] = [];
  for (let run = 0; run < SWITCHES; run++) {
    const [{ ms, hookAtMs }, indexedAtMs] = await Promise.all([
      runTracedGit(clone, ['switch', '--quiet', run === 0 ? 'switched' : '-'], 'post-checkout'),
      watch.moved(),
    ]);
    gitMs.push(ms);
    indexMs.push(indexedAtMs - hookAtMs);
  }
  const [first, ...again] = indexMs;
  return [
    [
      `branch that differs in ${files} files, from the hook's start to searchable and durable`,
      `first ${first!.toFixed(0)} ms, again ${quantile(again, 0.5).toFixed(0)} ms; \`git switch\` itself ${quantile(gitMs, 0.5).toFixed(0)} ms`,
    ],
  ];
}

/** Commits of one file each; those without hooks are found by watching HEAD. */
async function measureCommits(
  clone: ScratchClone,
  watch: IndexWatch,
  sources: readonly string[],
  commits: number,
): Promise<Rows> {
  const commit = async (run: number, hook?: string) => {
    clone.append([sources[(run * 7919) % sources.length]!], `hooked ${run}`);
    const args = ['commit', '--all', '--quiet', '--message', `hooked ${run}`];
    const [{ ms, hookAtMs }, indexedAtMs] = await Promise.all([
      runTracedGit(clone, args, hook),
      watch.moved(),
    ]);
    return { gitMs: ms, indexMs: indexedAtMs - hookAtMs };
  };
  const without: number[] = [];
  const hooked: number[] = [];
  const indexed: number[] = [];
  for (let run = 0; run < commits; run++) {
    without.push((await commit(2 * run)).gitMs);
    const { gitMs, indexMs } = await commit(2 * run + 1, 'post-commit');
    hooked.push(gitMs);
    indexed.push(indexMs);
  }
  const costMs = quantile(hooked, 0.5) - quantile(without, 0.5);
  return [
    ["one-file commit, from the hook's start to searchable and durable", spread(indexed, 'ms', 0)],
    ['`git commit` itself, without hooks', spread(without, 'ms')],
    [
      '`git commit` itself, with hooks',
      `${spread(hooked, 'ms')}: ${costMs.toFixed(1)} ms more at the median`,
    ],
  ];
}
