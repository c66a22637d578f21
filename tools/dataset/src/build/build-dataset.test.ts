import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openCorpusIndex } from '../context/corpus-index.js';
import { openLocalRepository, type CorpusRepository } from '../corpus/index.js';
import { writeRepository } from '../corpus/write-repository.js';
import { tryLock } from '../files/work-lock.js';
import { pythonRepository } from '../holes/fixtures.js';
import {
  buildDataset,
  repositoriesOf,
  type BuildDatasetOptions,
  type BuildProgress,
} from './build-dataset.js';
import { readHoles } from './build-holes.js';

// What costs: counted, not replaced.
vi.mock('../context/corpus-index.js', async (original) => {
  const actual = await original<{ openCorpusIndex: typeof openCorpusIndex }>();
  return { ...actual, openCorpusIndex: vi.fn(actual.openCorpusIndex) };
});

const NAMES = ['one', 'two', 'three'];
const COUNT = 6;
let base: string;
let repositories: CorpusRepository[];
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'repoformer-datasets-'));
  repositories = [];
  for (const name of NAMES) {
    const files = pythonRepository().map(({ path, text }) => ({ path, bytes: Buffer.from(text) }));
    await writeRepository(join(base, name), name, files);
    repositories.push(await openLocalRepository(join(base, name), 'train'));
  }
});
afterAll(() => rm(base, { recursive: true, force: true }));

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(base, 'dataset-'));
  vi.mocked(openCorpusIndex).mockClear();
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const build = (options: Partial<BuildDatasetOptions> = {}) =>
  buildDataset(repositories, {
    ...{ directory, seed: '1', count: COUNT },
    context: { withMiddleShare: 0, randomShare: 0 },
    signal: new AbortController().signal,
    ...options,
  });
const filesIn = (folder: string) => readdir(join(directory, folder)).then((names) => names.sort());
const lockOf = (name: string) => join(directory, 'holes', `path_${name}.lock`);

describe('buildDataset', () => {
  it('does nothing twice where two build at once', async () => {
    const results = await Promise.all([build(), build()]);
    const whole = { holes: NAMES.length * COUNT, empty: [] };
    expect(results).toEqual([whole, whole]);
    expect(vi.mocked(openCorpusIndex)).toHaveBeenCalledTimes(NAMES.length);
    expect(await readHoles(directory)).toHaveLength(NAMES.length * COUNT);
    expect(await filesIn('sources')).toEqual(await filesIn('holes'));
  });

  it('begins with what nobody else works on, and waits for the rest', async () => {
    await mkdir(join(directory, 'holes'));
    const lock = await tryLock(lockOf('one'));
    const order: string[] = [];
    await build({
      onProgress: ({ phase, name }) => {
        if (order.at(-1) !== `${phase} ${name}`) order.push(`${phase} ${name}`);
        if (phase === 'wait') void lock!.release();
      },
    });
    expect(order).toEqual(['build path:two', 'build path:three', 'wait path:one', 'build path:one']);
    expect(await readHoles(directory)).toHaveLength(NAMES.length * COUNT);
  });

  it('clears away the lock of a build that died', async () => {
    await mkdir(join(directory, 'holes'));
    // No process has this number: the highest that Linux gives is 2^22.
    await writeFile(lockOf('two'), String(2 ** 22 + 1));
    expect(await build()).toMatchObject({ holes: NAMES.length * COUNT });
    expect((await filesIn('holes')).filter((name) => name.endsWith('.lock'))).toEqual([]);
  });

  it('says how far it is and how fast, but for what was there already', async () => {
    const seen: BuildProgress[] = [];
    await build({ onProgress: (progress) => void seen.push(progress) });
    expect(seen.map(({ done }) => done)).toEqual(seen.map(({ done }) => done).toSorted((a, b) => a - b));
    // One report as a repository begins, and one for each hole.
    expect(seen).toHaveLength(NAMES.length * (COUNT + 1));
    expect(seen[0]).toEqual({
      ...{ phase: 'build', name: 'path:one', done: 0, total: 3, holes: 0, rate: undefined },
    });
    expect(seen[3]).toMatchObject({ done: 3 / COUNT, holes: 3 });
    expect(seen.at(-1)).toMatchObject({ name: 'path:three', done: 3, holes: 3 * COUNT });
    expect(seen.slice(1).every(({ rate }) => rate !== undefined && rate > 0)).toBe(true);
    const again: BuildProgress[] = [];
    await build({ onProgress: (progress) => void again.push(progress) });
    expect(again.map(({ rate }) => rate)).toEqual([undefined, undefined, undefined]);
  });

  it('keeps what is done when it is stopped, and leaves no lock', async () => {
    const controller = new AbortController();
    const stop = ({ done }: BuildProgress) => {
      if (done > 1) controller.abort();
    };
    await expect(build({ signal: controller.signal, onProgress: stop })).rejects.toMatchObject({
      kind: 'cancelled',
    });
    expect(await filesIn('holes')).toEqual([expect.stringMatching(/^path_one\.[0-9a-f]{12}\.jsonl$/)]);
    expect(await build()).toMatchObject({ holes: NAMES.length * COUNT });
    expect(vi.mocked(openCorpusIndex)).toHaveBeenCalledTimes(1 + 1 + 2);
  });

  it('names the repositories that have no place for a hole', async () => {
    await writeRepository(join(base, 'bare'), 'bare', [{ path: 'a.py', bytes: Buffer.from('x = 1\n') }]);
    const bare = await openLocalRepository(join(base, 'bare'), 'train');
    const options = { directory, seed: '1', count: COUNT, signal: new AbortController().signal };
    const context = { withMiddleShare: 0, randomShare: 0 };
    expect(await buildDataset([bare], { ...options, context })).toEqual({ holes: 0, empty: ['path:bare'] });
  });
});

describe('repositoriesOf', () => {
  const named = Array.from({ length: 100 }, (_, i) => ({ name: `npm:package${i}@1.0.0` }));
  const parts = (of: typeof named) =>
    Array.from({ length: 4 }, (_, shard) => repositoriesOf(of, { shard, shards: 4 }));

  it('gives each repository to one shard', () => {
    const all = parts(named);
    expect(all.flat().sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual(
      [...named].sort((a, b) => (a.name < b.name ? -1 : 1)),
    );
    for (const part of all) expect(part.length).toBeGreaterThan(10);
  });

  it('gives it to the same one, whatever else there is', () => {
    const few = parts(named.slice(40, 60));
    parts(named).forEach((part, shard) => expect(part).toEqual(expect.arrayContaining(few[shard]!)));
  });
});
