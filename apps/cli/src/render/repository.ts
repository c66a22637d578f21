import { timestampDate } from '@bufbuild/protobuf/wkt';
import { IndexState } from '@repoformer/protocol';
import type { Repository } from '@repoformer/protocol';
import { printable } from './style.js';
import type { Style } from './style.js';
import { formatBytes, formatCount, formatNoun, formatTable, shortOid } from './units.js';

const STATES: Record<IndexState, string> = {
  [IndexState.UNSPECIFIED]: 'unknown',
  [IndexState.PENDING]: 'pending',
  [IndexState.INDEXING]: 'indexing',
  [IndexState.READY]: 'ready',
  [IndexState.FAILED]: 'failed',
};

/** The state in a word, coloured. */
export function renderState(state: IndexState, style: Style): string {
  const word = STATES[state] ?? 'unknown';
  if (state === IndexState.READY) return style.green(word);
  return state === IndexState.FAILED ? style.red(word) : style.yellow(word);
}

/** Whether the index stands at HEAD; undefined while there is nothing to compare. */
export function isUpToDate({ headCommit, indexedCommit, state }: Repository): boolean | undefined {
  if (indexedCommit === '' && headCommit === '') return state === IndexState.READY ? true : undefined;
  return indexedCommit === headCommit;
}

/** `indexing 1,234 of 6,519 files (18 %), 12.3 MB`. */
export function renderProgress(repository: Repository): string {
  const { progress, state } = repository;
  if (state !== IndexState.INDEXING || progress === undefined) return STATES[state] ?? 'unknown';
  const { filesDone, filesTotal, bytesDone } = progress;
  const share = filesTotal === 0n ? '' : ` (${(filesDone * 100n) / filesTotal} %)`;
  return `indexing ${formatCount(filesDone)} of ${formatNoun(filesTotal, 'file')}${share}, ${formatBytes(bytesDone)}`;
}

/** `117 left out: 80 binary, 37 generated`; empty when none. */
export function renderSkipped(skipped: Readonly<Record<string, bigint>>): string {
  const rows = Object.entries(skipped)
    .filter(([, count]) => count > 0n)
    .sort(([a, x], [b, y]) => (x === y ? (a < b ? -1 : 1) : x > y ? -1 : 1));
  if (rows.length === 0) return '';
  const total = rows.reduce((sum, [, count]) => sum + count, 0n);
  const reasons = rows.map(([reason, count]) => `${formatCount(count)} ${reason.replaceAll('_', ' ')}`);
  return `${formatCount(total)} left out: ${reasons.join(', ')}`;
}

/** `6,400 files, 143,207 chunks, 1,467,546 lines`. */
export function renderSize({ files, chunks, lines }: Repository): string {
  return [formatNoun(files, 'file'), formatNoun(chunks, 'chunk'), formatNoun(lines, 'line')].join(', ');
}

/** All that is known of a repository, a fact a line. */
export function renderRepository(repository: Repository, style: Style, show = printable): string {
  const { headCommit, indexedCommit, state, indexedAt, problem } = repository;
  const current = isUpToDate(repository);
  const freshness =
    indexedCommit === ''
      ? 'nothing yet'
      : `${indexedCommit}  ${current ? style.green('up to date') : style.yellow('behind HEAD')}`;
  const stateText = renderState(state, style);
  const progress = state === IndexState.INDEXING ? style.dim(`  ${renderProgress(repository)}`) : '';
  const rows: [string, string][] = [
    ['repository', style.bold(show(repository.root))],
    ['id', repository.id],
    ['state', `${stateText}${progress}`],
    ['head', headCommit === '' ? 'no commit yet' : headCommit],
    ['indexed', freshness],
  ];
  if (indexedAt !== undefined)
    rows.push([
      'at',
      timestampDate(indexedAt)
        .toISOString()
        .replace(/\.\d+Z$/, 'Z'),
    ]);
  rows.push(['holds', renderSize(repository)]);
  const skipped = renderSkipped(repository.skipped);
  if (skipped !== '') rows.push(['', skipped]);
  if (problem !== '') rows.push(['problem', style.red(show(problem))]);
  return rows.map(([name, value]) => `${name.padEnd(10)}  ${value}`.trimEnd()).join('\n');
}

/** One line for each repository. */
export function renderRepositories(
  repositories: readonly Repository[],
  style: Style,
  show = printable,
): string {
  const words = formatTable(
    repositories.map((repository) => [
      repository.id,
      STATES[repository.state] ?? 'unknown',
      repository.indexedCommit === '' ? '-' : shortOid(repository.indexedCommit),
      formatNoun(repository.files, 'file'),
      show(repository.root),
    ]),
  );
  return words
    .map((line, i) => {
      const state = repositories[i]?.state ?? IndexState.UNSPECIFIED;
      // Colours after aligning: their codes have no width.
      return line.replace(STATES[state] ?? 'unknown', renderState(state, style));
    })
    .join('\n');
}
