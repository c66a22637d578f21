import { copyFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { CHUNK_FEATURES, HOLE_FEATURES, MAX_CHUNKS } from '@repoformer/policy';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fingerprint } from '../corpus/duplicates/duplicate-index.js';
import { writeRepository } from '../corpus/write-repository.js';
import { pythonRepository } from '../holes/fixtures.js';
import { sampleHoles } from '../holes/index.js';
import type { Hole } from '../record.js';
import { buildHoles, readHoles, type SourceRepository } from './build-holes.js';
import { readSourcePrints } from './source-prints.js';

const NAME = 'local:shop';
const signal = new AbortController().signal;
let base: string;
let repository: SourceRepository;
let holes: Hole[];
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'repoformer-build-'));
  const files = pythonRepository();
  const root = join(base, 'shop');
  const bytes = files.map(({ path, text }) => ({ path, bytes: Buffer.from(text) }));
  repository = { name: NAME, root, commit: await writeRepository(root, NAME, bytes), files };
  holes = await sampleHoles({ name: NAME, split: 'train', files }, { seed: 's', count: 12 });
});
afterAll(() => rm(base, { recursive: true, force: true }));

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(base, 'dataset-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const build = (of = holes, { withMiddleShare = 0, randomShare = 0 } = {}) =>
  buildHoles(repository, of, { directory, context: { withMiddleShare, randomShare }, signal });
const holeFiles = () => readdir(join(directory, 'holes'));
const onlyFile = async () => {
  const [name, ...others] = await holeFiles();
  expect(others).toEqual([]);
  return join(directory, 'holes', name!);
};

describe('buildHoles', () => {
  it('gives each hole context from elsewhere, and the features a policy would see', async () => {
    expect(await build()).toEqual({ holes: 12, known: false });
    const records = await readHoles(directory);
    expect(records.map(({ id }) => id)).toEqual(holes.map(({ id }) => id));
    for (const { path, prefix, context, features } of records) {
      expect(context.source).toBe('retrieved');
      expect(context.queriedWithMiddle).toBe(false);
      expect(context.chunks.length).toBeGreaterThan(0);
      const line = prefix.split('\n').length - 1;
      for (const chunk of context.chunks) {
        expect(chunk.text).not.toBe('');
        // Of its own file, only what the model does not see anyway.
        if (chunk.path === path) expect(chunk.startLine > line || chunk.endLine <= line).toBe(true);
      }
      expect(features.hole).toHaveLength(HOLE_FEATURES.length);
      expect(features.chunks).toHaveLength(Math.min(MAX_CHUNKS, context.chunks.length));
      expect(features.chunks[0]).toHaveLength(CHUNK_FEATURES.length);
    }
  });

  it('asks with the truth, or shows what is useless, where it is told to', async () => {
    await build(holes, { withMiddleShare: 1 });
    expect((await readHoles(directory)).every(({ context }) => context.queriedWithMiddle)).toBe(true);
    await build(holes, { randomShare: 1 });
    const records = await readHoles(directory);
    for (const { path, context } of records) {
      expect(context).toMatchObject({ source: 'random', queriedWithMiddle: false });
      expect(context.chunks.every((chunk) => chunk.path !== path)).toBe(true);
      const scores = context.chunks.map(({ score }) => score);
      expect(scores).toEqual(scores.toSorted((a, b) => b - a));
    }
  });

  it('does nothing twice, and replaces what was built of other holes', async () => {
    await build();
    const path = await onlyFile();
    expect(await build()).toEqual({ holes: 12, known: true });
    expect(await build(holes.slice(0, 5))).toEqual({ holes: 5, known: false });
    expect(await onlyFile()).not.toBe(path);
    expect(await readHoles(directory)).toHaveLength(5);
  });

  it('builds again what is to serve another split', async () => {
    await build();
    await build(holes.map((hole) => ({ ...hole, split: 'benchmark' })));
    expect(new Set((await readHoles(directory)).map(({ split }) => split))).toEqual(new Set(['benchmark']));
  });

  it('has another file for tasks, and leaves files of other repositories alone', async () => {
    await build();
    const path = await onlyFile();
    const other = basename(path).replace('local_shop', 'local_shop.js');
    await copyFile(path, join(directory, 'holes', other));
    const options = { directory, context: { withMiddleShare: 0, randomShare: 0 }, signal };
    await buildHoles(repository, holes, { ...options, tasks: 'repoeval' });
    const names = await holeFiles();
    expect(names).toHaveLength(2);
    expect(names).toContain(other);
    expect(names).not.toContain(basename(path));
  });

  it('records what its files are compared by, under the name of the holes', async () => {
    await build();
    const own = basename(await onlyFile());
    const sources = () => readdir(join(directory, 'sources'));
    expect(await sources()).toEqual([own]);
    const prints = await readSourcePrints(join(directory, 'sources', own));
    expect(prints).toEqual(repository.files.map(({ path, text }) => ({ path, print: fingerprint(text) })));
    await rm(join(directory, 'sources'), { recursive: true });
    expect(await build()).toEqual({ holes: 12, known: true });
    expect(await sources()).toEqual([own]);
    await build(holes.slice(0, 5));
    expect(await sources()).toEqual([basename(await onlyFile())]);
  });

  it.each<[string, (path: string, bytes: Buffer) => Promise<void>]>([
    ['cut in a line', (path, bytes) => truncate(path, bytes.length - 100)],
    ['cut at a line', (path, bytes) => truncate(path, bytes.indexOf('\n') + 1)],
    ['empty', (path) => truncate(path, 0)],
    ['overwritten', (path, bytes) => writeFile(path, Buffer.concat([Buffer.from('\0'), bytes.subarray(1)]))],
  ])('makes good a file that is %s', async (_, damage) => {
    await build();
    const path = await onlyFile();
    const timeless = (text: string) => text.replaceAll(/"retrieveMs":[\d.]+/g, '');
    const bytes = await readFile(path);
    await damage(path, bytes);
    expect(await build()).toEqual({ holes: 12, known: false });
    expect(timeless(await readFile(await onlyFile(), 'utf8'))).toBe(timeless(bytes.toString('utf8')));
  });
});

describe('readHoles', () => {
  it('refuses a file that is cut short, naming it', async () => {
    await build();
    const path = await onlyFile();
    await truncate(path, (await readFile(path)).length - 1);
    await expect(readHoles(directory)).rejects.toMatchObject({ kind: 'data_loss' });
    await expect(readHoles(directory)).rejects.toThrow(/local_shop.*\.jsonl: the file is cut short/);
  });

  it('says how to make holes where there are none', async () => {
    await expect(readHoles(directory)).rejects.toThrow(/repoformer-dataset build/);
  });
});
