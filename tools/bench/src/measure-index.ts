import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import git from 'isomorphic-git';
import * as fs from 'node:fs';
import { writeChangePlot, type ChangeCost } from './change-plot.js';
import { openIndexFolder, type IndexFolder } from './index-folder.js';
import { withLoopDelay } from './loop-delay.js';
import { measureDaemonIndex } from './measure-daemon-index.js';
import type { Rows } from './measurements.js';
import { ScratchClone } from './scratch-clone.js';
import { quantile, spread, timed, timeOf } from './statistics.js';

/** Blobs that the naive way reads; all would take minutes. */
const NAIVE_BLOBS = 300;
const CHANGE_SIZES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000];
/** Shares of the files, to see whether the size of a repository matters to the cost of a change. */
const SHARES = [16, 4];
const PART_CHANGE_SIZES = [1, 100];

/** The index on a clone of a repository: first build, restart, commits and branch switches; then in the daemon. */
export async function measureIndexing(
  path: string,
  { commits, plot }: { readonly commits: number; readonly plot?: string },
): Promise<Rows> {
  const clone = ScratchClone.of(path);
  const directory = join(clone.folder, 'index');
  try {
    const rows: Rows = [];
    const costs: ChangeCost[] = [];
    let index = await openIndexFolder(directory);
    rows.push(...(await measureFirst(clone, index)));
    const sources = clone.sources();
    rows.push(...(await measureCommits(clone, index, sources, commits)));
    for (const size of CHANGE_SIZES.filter((each) => each <= sources.length)) {
      const cost = await measureBranch(clone, index, sources.slice(0, size));
      rows.push([`branch that differs in ${size} files`, describeCost(cost)]);
      costs.push(cost);
    }
    await index.close();
    const restarts: number[] = [];
    for (let run = 0; run < 5; run++) {
      const { value, ms } = await timed(async () => {
        const opened = await openIndexFolder(directory);
        await opened.update();
        return opened;
      });
      index = value;
      restarts.push(ms);
      await index.close();
    }
    rows.push(['restart, until the index on disk is searchable', spread(restarts, 'ms', 0)]);
    const home = clone.git('symbolic-ref', '--short', 'HEAD');
    for (const share of SHARES) {
      for (const cost of await measurePart(clone, home, sources, share)) {
        const { files, lines } = cost;
        rows.push([
          `branch that differs in ${files} files, where the repository has ${lines} lines`,
          describeCost(cost),
        ]);
        costs.push(cost);
      }
    }
    if (plot !== undefined) writeChangePlot(plot, costs);
    rows.push(...(await measureDaemonIndex(clone, commits)));
    return rows;
  } finally {
    clone.remove();
  }
}

async function measureFirst(clone: ScratchClone, index: IndexFolder): Promise<Rows> {
  const { value, delay } = await withLoopDelay(() => timed(() => index.add(clone.root)));
  const { ms } = value;
  const oids = clone.git('ls-tree', '-r', '--format=%(objectname) %(objecttype)', 'HEAD');
  const blobs = oids.split('\n').flatMap((line) => (line.endsWith(' blob') ? [line.slice(0, 40)] : []));
  const cat = await timed(async () => readAllByGit(clone.root, blobs));
  const naive = await timed(() => readSomeNaively(clone.root, blobs));
  const naiveMs = (naive.ms * blobs.length) / Math.min(blobs.length, NAIVE_BLOBS);
  const { files, lines, windows } = index.size;
  const megabytes = cat.value / 1e6;
  const sourceBytes = clone
    .sources()
    .reduce((sum, path) => sum + fs.lstatSync(join(clone.root, path)).size, 0);
  return [
    [
      'repository',
      `${files} files indexed of ${blobs.length}, ${lines} lines, ${windows} windows; ${megabytes.toFixed(0)} MB at HEAD, ${(sourceBytes / 1e6).toFixed(0)} of them source`,
    ],
    [
      'first index, git objects to searchable and durable',
      `${(ms / 1000).toFixed(2)} s, ${(sourceBytes / 1000 / ms).toFixed(1)} MB/s of source, ${((1000 * megabytes) / ms).toFixed(1)} MB/s of all`,
    ],
    ['how long its thread was not free meanwhile', delay],
    [
      '`git cat-file --batch` of the same objects, thrown away',
      `${(cat.ms / 1000).toFixed(2)} s; the index takes ${(ms / cat.ms).toFixed(1)} times as long`,
    ],
    [
      `isomorphic-git alone, reading only (from ${Math.min(blobs.length, NAIVE_BLOBS)} objects)`,
      `${(naiveMs / 1000).toFixed(1)} s; ${(naiveMs / ms).toFixed(1)} times the index`,
    ],
  ];
}

/** Commits of one file each. */
async function measureCommits(
  clone: ScratchClone,
  index: IndexFolder,
  sources: readonly string[],
  commits: number,
): Promise<Rows> {
  const indexMs: number[] = [];
  const diffMs: number[] = [];
  for (let run = 0; run < commits; run++) {
    clone.edit([sources[(run * 7919) % sources.length]!], `change ${run}`);
    indexMs.push((await timed(() => index.update())).ms);
    diffMs.push(timeOfDiff(clone));
  }
  return [
    ['one-file commit, from the notice to searchable and durable', spread(indexMs, 'ms')],
    ['`git diff-tree -r` of the same', spread(diffMs, 'ms')],
  ];
}

/** What git takes to name the files of the last commit. */
function timeOfDiff(clone: ScratchClone): number {
  return timeOf(() => clone.git('diff-tree', '-r', 'HEAD~1', 'HEAD')).ms;
}

/** What a change cost, and git for the same. */
interface MeasuredChange extends ChangeCost {
  readonly switchMs: number;
  readonly diffMs: number;
}

/** A branch on which some files are changed: to it for the first time, and there and back again. */
async function measureBranch(
  clone: ScratchClone,
  index: IndexFolder,
  paths: readonly string[],
): Promise<MeasuredChange> {
  const there: number[] = [];
  const back: number[] = [];
  const switches: number[] = [];
  const switchBranch = () => switches.push(timeOf(() => clone.git('switch', '--quiet', '-')).ms);
  clone.git('switch', '--quiet', '--force-create', 'change');
  clone.edit(paths, `size ${paths.length}`);
  const diffMs = timeOfDiff(clone);
  for (let run = 0; run < 3; run++) {
    there.push((await timed(() => index.update())).ms);
    switchBranch();
    back.push((await timed(() => index.update())).ms);
    switchBranch();
  }
  switchBranch();
  await index.update();
  return {
    lines: index.size.lines,
    files: paths.length,
    firstMs: there[0]!,
    againMs: quantile([...there.slice(1), ...back], 0.5),
    switchMs: quantile(switches, 0.5),
    diffMs,
  };
}

function describeCost({ firstMs, againMs, switchMs, diffMs }: MeasuredChange): string {
  const own = `first ${firstMs.toFixed(0)} ms, again ${againMs.toFixed(0)} ms`;
  return `${own}; \`git switch\` ${switchMs.toFixed(0)} ms, \`git diff-tree -r\` ${diffMs.toFixed(0)} ms`;
}

/** The same changes where the repository has only a share of the files. */
async function measurePart(
  clone: ScratchClone,
  home: string,
  all: readonly string[],
  share: number,
): Promise<MeasuredChange[]> {
  const kept = new Set(all.filter((_, i) => i % share === 0));
  clone.git('checkout', '--quiet', '-B', `part-${share}`, home);
  const others = all.filter((path) => !kept.has(path));
  for (let at = 0; at < others.length; at += 500) {
    clone.git('rm', '--quiet', '--cached', '--', ...others.slice(at, at + 500));
  }
  clone.git('commit', '--quiet', '--no-verify', '--message', `a share of ${share}`);
  const index = await openIndexFolder(join(clone.folder, `index-${share}`));
  try {
    await index.add(clone.root);
    const sources = [...kept];
    const costs: MeasuredChange[] = [];
    for (const size of PART_CHANGE_SIZES.filter((each) => each <= sources.length)) {
      costs.push(await measureBranch(clone, index, sources.slice(0, size)));
    }
    return costs;
  } finally {
    await index.close();
    clone.git('checkout', '--quiet', '--force', home);
  }
}

/** @returns bytes read */
function readAllByGit(root: string, oids: readonly string[]): number {
  return execFileSync('git', ['cat-file', '--batch', '--buffer'], {
    cwd: root,
    input: oids.join('\n'),
    maxBuffer: 2 ** 31,
    stdio: ['pipe', 'pipe', 'inherit'],
  }).length;
}

async function readSomeNaively(dir: string, oids: readonly string[]): Promise<void> {
  const cache = {};
  const step = Math.max(1, Math.floor(oids.length / NAIVE_BLOBS));
  for (let at = 0; at < oids.length; at += step) await git.readBlob({ fs, dir, oid: oids[at]!, cache });
}
