import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import git from 'isomorphic-git';
import * as fs from 'node:fs';
import { openIndexFolder, type IndexFolder } from './index-folder.js';
import type { Rows } from './measurements.js';
import { ScratchClone } from './scratch-clone.js';
import { quantile, spread, timed } from './statistics.js';

/** Blobs that the naive way reads; all would take minutes. */
const NAIVE_BLOBS = 300;
const CHANGE_SIZES = [1, 10, 100, 500, 2000];

/** The index on a clone of a repository: first build, restart, commits and branch switches. */
export async function measureIndexing(path: string, commits: number): Promise<Rows> {
  const clone = ScratchClone.of(path);
  const directory = join(clone.folder, 'index');
  try {
    const rows: Rows = [];
    let index = await openIndexFolder(directory);
    rows.push(...(await measureFirst(clone, index)));
    rows.push(...(await measureChanges(clone, index, commits)));
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
    return rows;
  } finally {
    clone.remove();
  }
}

async function measureFirst(clone: ScratchClone, index: IndexFolder): Promise<Rows> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const { ms } = await timed(() => index.add(clone.root));
  delay.disable();
  const oids = clone.git('ls-tree', '-r', '--format=%(objectname) %(objecttype)', 'HEAD');
  const blobs = oids.split('\n').flatMap((line) => (line.endsWith(' blob') ? [line.slice(0, 40)] : []));
  const cat = await timed(async () => readAllByGit(clone.root, blobs));
  const naive = await timed(() => readSomeNaively(clone.root, blobs));
  const naiveMs = (naive.ms * blobs.length) / Math.min(blobs.length, NAIVE_BLOBS);
  const { files, lines, windows } = index.size;
  const megabytes = cat.value / 1e6;
  return [
    [
      'repository',
      `${files} files indexed of ${blobs.length}, ${lines} lines, ${windows} windows; ${megabytes.toFixed(0)} MB at HEAD`,
    ],
    [
      'first index, git objects to searchable and durable',
      `${(ms / 1000).toFixed(2)} s, ${((1000 * megabytes) / ms).toFixed(1)} MB/s`,
    ],
    ['longest time its thread was not free', `${(delay.max / 1e6).toFixed(0)} ms`],
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

async function measureChanges(clone: ScratchClone, index: IndexFolder, commits: number): Promise<Rows> {
  const rows: Rows = [];
  const sources = clone.sources();
  const single: number[] = [];
  for (let run = 0; run < commits; run++) {
    clone.edit([sources[(run * 7919) % sources.length]!], `change ${run}`);
    single.push((await timed(() => index.update())).ms);
  }
  rows.push(['one-file commit, from the notice to searchable and durable', spread(single, 'ms')]);
  for (const size of CHANGE_SIZES.filter((each) => each <= sources.length)) {
    const there: number[] = [];
    const back: number[] = [];
    clone.git('checkout', '--quiet', '-b', `change-${size}`);
    clone.edit(sources.slice(0, size), `size ${size}`);
    for (let run = 0; run < 3; run++) {
      there.push((await timed(() => index.update())).ms);
      clone.git('checkout', '--quiet', '-');
      back.push((await timed(() => index.update())).ms);
      clone.git('checkout', '--quiet', '-');
    }
    clone.git('checkout', '--quiet', '-');
    await index.update();
    rows.push([
      `branch that differs in ${size} files`,
      `first ${there[0]!.toFixed(0)} ms, again ${quantile([...there.slice(1), ...back], 0.5).toFixed(0)} ms`,
    ]);
  }
  return rows;
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
