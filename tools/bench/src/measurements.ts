import { execFileSync } from 'node:child_process';
import { RetrievalMode } from '@repoformer/protocol';
import type { Completion, Daemon, GitRepository } from '@repoformer/e2e/harness';
import { sampleHoles } from './holes.js';
import { memoryOf } from './machine.js';
import { quantile, spread, timed } from './statistics.js';

/** Rows of the report: what was measured, and the figure. */
export type Rows = (readonly [what: string, figure: string])[];

/** The first index, from registering to searchable and durable. */
export async function measureIndex(daemon: Daemon, repository: GitRepository): Promise<Rows> {
  const bytes = Number(
    execFileSync('du', ['-sb', '--exclude=.git', repository.root], { encoding: 'utf8' }).split('\t')[0],
  );
  const before = memoryOf(daemon.process.pid!);
  const { value: state, ms } = await timed(() => daemon.index(repository.root));
  const after = memoryOf(daemon.process.pid!);
  const gitMs = (
    await timed(async () => repository.git('grep', '--cached', '-c', 'zzzz-not-there', 'HEAD').length).catch(
      () => ({ ms: NaN }),
    )
  ).ms;
  return [
    [
      'repository',
      `${state.files} files indexed, ${state.lines} lines, ${state.chunks} windows, ${(bytes / 1e6).toFixed(0)} MB in the tree`,
    ],
    [
      'left out',
      Object.entries(state.skipped)
        .map(([reason, count]) => `${reason} ${count}`)
        .join(', ') || 'nothing',
    ],
    [
      'first index',
      `${(ms / 1000).toFixed(2)} s (${(bytes / 1e3 / ms).toFixed(1)} MB/s)${Number.isNaN(gitMs) ? '' : `; git grep over HEAD ${(gitMs / 1000).toFixed(2)} s`}`,
    ],
    [
      'daemon memory',
      `${before.nowMb.toFixed(0)} MB before, ${after.nowMb.toFixed(0)} MB after, peak ${after.peakMb.toFixed(0)} MB (without the model's process)`,
    ],
  ];
}

/** From the end of `git commit` of one file until the index stands at the commit. */
export async function measureCommit(daemon: Daemon, repository: GitRepository, runs: number): Promise<Rows> {
  const found: number[] = [];
  for (let run = 0; run < runs; run++) {
    const commit = repository.commit({
      'packages/edited.js': `export const edited${run} = ${run};\n`.repeat(50),
    });
    const from = performance.now();
    await daemon.repositories.notifyCommit({ repository: repository.root, cause: 'bench' });
    await daemon.indexed(repository.root, commit);
    found.push(performance.now() - from);
  }
  return [['one-file commit, notified to searchable (polled every 25 ms)', spread(found, 'ms')]];
}

/** Retrieval over gRPC, for random holes. */
export async function measureRetrieval(
  daemon: Daemon,
  repository: GitRepository,
  queries: number,
): Promise<Rows> {
  const inside: number[] = [];
  const outside: number[] = [];
  for (const hole of sampleHoles(repository, queries)) {
    const { value, ms } = await timed(() =>
      daemon.retrieval.retrieve({ repository: repository.root, ...hole }),
    );
    inside.push(value.retrieveMs);
    outside.push(ms);
  }
  return [
    ['retrieval in the daemon, top 10', spread(inside, 'ms', 2)],
    ['retrieval as the client sees it', spread(outside, 'ms', 2)],
  ];
}

/** Completions by stage, for random holes, in each mode. */
export async function measureCompletion(
  daemon: Daemon,
  repository: GitRepository,
  count: number,
): Promise<Rows> {
  const rows: Rows = [];
  await daemon.complete({ prefix: 'x = ', suffix: '\n', maxTokens: 1 });
  for (const [name, mode] of [
    ['never', RetrievalMode.NEVER],
    ['always', RetrievalMode.ALWAYS],
    ['auto', RetrievalMode.AUTO],
  ] as const) {
    const runs: Completion[] = [];
    for (const hole of sampleHoles(repository, count, 7)) {
      runs.push(await daemon.complete({ repository: repository.root, ...hole, mode, maxTokens: 32 }));
      // Another prompt in between, so that no run finds its own prefix evaluated.
      await daemon.complete({ prefix: 'unrelated = ', suffix: '\n', maxTokens: 1 });
    }
    const stage = (key: 'retrieveMs' | 'prefillMs' | 'firstTokenMs' | 'decodeMs' | 'totalMs') =>
      quantile(
        runs.map((run) => run.finished.timings![key]),
        0.5,
      ).toFixed(0);
    const tokens = (key: 'prompt' | 'context' | 'generated') =>
      quantile(
        runs.map((run) => run.finished.usage![key]),
        0.5,
      );
    // Where some runs use context and others do not, the median is of one kind only.
    const totals = runs.map((run) => run.finished.timings!.totalMs);
    const meanTotal = (totals.reduce((sum, each) => sum + each, 0) / totals.length).toFixed(0);
    const retrieved = runs.filter((run) => run.context.chunks.length > 0).length;
    rows.push([
      `completion, ${name} (median of ${count})`,
      `retrieve ${stage('retrieveMs')} ms, prefill ${stage('prefillMs')} ms, first token ${stage('firstTokenMs')} ms, ` +
        `decode ${stage('decodeMs')} ms, total ${stage('totalMs')} ms, in the mean ${meanTotal} ms; ${tokens('prompt')} prompt tokens (${tokens('context')} of context), ` +
        `${tokens('generated')} generated; context used in ${retrieved} of ${count}`,
    ]);
  }
  return rows;
}

/** What a commit costs the user, with and without hooks. */
export async function measureHooks(
  repository: GitRepository,
  install: () => Promise<unknown>,
  runs: number,
): Promise<Rows> {
  const commits = async () => {
    const times: number[] = [];
    for (let run = 0; run < runs; run++) {
      repository.write({ 'packages/hooked.js': `// ${run} ${Math.random()}\n` });
      repository.git('add', 'packages/hooked.js');
      times.push((await timed(async () => repository.git('commit', '--quiet', '-m', 'hook'))).ms);
    }
    return times;
  };
  const without = await commits();
  await install();
  const withHooks = await commits();
  const cost = quantile(withHooks, 0.5) - quantile(without, 0.5);
  return [
    ['git commit without hooks', spread(without, 'ms')],
    ['git commit with hooks', `${spread(withHooks, 'ms')}: ${cost.toFixed(1)} ms more at the median`],
  ];
}
