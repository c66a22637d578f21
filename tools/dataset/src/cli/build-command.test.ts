import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { readHoles } from '../build/build-holes.js';
import { sourceText } from '../corpus/testing.js';
import { bracedRepository } from '../holes/braced-fixtures.js';
import { pythonRepository, typescriptRepository } from '../holes/fixtures.js';
import { parseDataset, runDataset, saidBy, writeTestRepository, type Said } from './testing.js';

let base: string;
let shop: string;
let queue: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'repoformer-build-command-'));
  shop = await writeTestRepository(base, 'shop', pythonRepository());
  queue = await writeTestRepository(base, 'queue', typescriptRepository());
});
afterAll(() => rm(base, { recursive: true, force: true }));

let dataset: string;
beforeEach(async () => {
  dataset = await mkdtemp(join(base, 'dataset-'));
});
afterEach(() => rm(dataset, { recursive: true, force: true }));

const args = (...flags: readonly string[]) => [
  ...['build', dataset, '--holes', '8', '--with-middle', '0', '--random-context', '0'],
  ...flags,
];
const build = (...flags: readonly string[]): Promise<Said> => runDataset(...args(...flags));
const repositories = async () =>
  [...new Set((await readHoles(dataset)).map(({ repository, split }) => `${repository} ${split}`))].sort();

describe('build', () => {
  it('ends with what the dataset holds, by split, kind and language', async () => {
    await build('--repo', shop);
    const { out, error } = await build('--repo', queue, '--split', 'benchmark');
    expect(error).toContain(`8 holes of 1 repositories in ${dataset}`);
    expect(error).toContain('the dataset also holds holes of path:shop, from other builds');
    const counts = JSON.parse(out) as Record<string, Record<string, number>>;
    expect(counts).toMatchObject({
      train: { repositories: 1, holes: 8, python: 8 },
      benchmark: { repositories: 1, holes: 8, typescript: 8 },
    });
    const kinds = (await readHoles(dataset)).filter(
      ({ split, kind }) => split === 'train' && kind === 'line',
    );
    expect(counts['train']!['line']).toBe(kinds.length);
    expect(kinds.length).toBeGreaterThan(0);
  });

  it('takes the part of its shard only', async () => {
    const roots = [];
    for (let i = 0; i < 4; i++) {
      roots.push(
        await writeTestRepository(base, `part${i}`, bracedRepository(['go', 'rust', 'java'][i % 3]!)),
      );
    }
    const built: string[] = [];
    for (const shard of ['0', '1']) {
      await build('--repo', ...roots, '--shards', '2', '--shard', shard);
      const after = await repositories();
      expect(after).toEqual(expect.arrayContaining(built));
      expect(after.length).toBeLessThanOrEqual(4);
      built.splice(0, built.length, ...after);
    }
    expect(built).toHaveLength(4);
    await expect(build('--repo', shop, '--shards', '2', '--shard', '2')).rejects.toMatchObject({
      kind: 'invalid_argument',
      message: 'shard: 2 is none of 2: they are counted from 0 to 1',
    });
    const said: string[] = [];
    for (const shard of ['0', '1']) {
      said.push((await build('--repo', shop, '--shards', '2', '--shard', shard)).error);
    }
    expect(said.filter((text) => text.startsWith('none of 1 repositories falls to shard'))).toHaveLength(1);
  });

  it('compares all repositories, whatever its shard', async () => {
    vi.stubEnv('XDG_CACHE_HOME', join(base, 'cache'));
    const path = await writeTestRepository(base, 'twin', pythonRepository());
    const manifest = join(base, 'twin.json');
    const entry = { path, languages: ['python'], split: 'benchmark' };
    await writeFile(manifest, JSON.stringify({ name: 'twin', repositories: [entry] }));
    for (const shard of ['0', '1']) {
      const flags = ['--repo', shop, '--corpus', manifest, '--shards', '2', '--shard', shard];
      await expect(build(...flags)).rejects.toThrow(/path:shop \(train\).* in path:twin \(benchmark\)/);
    }
    vi.unstubAllEnvs();
  });

  it('takes tasks of RepoEval instead, and does not mix them with other holes', async () => {
    await build('--repo', shop);
    const [sampled] = await readdir(join(dataset, 'holes'));
    await build('--repo', shop, '--tasks', 'repoeval', '--holes', '40');
    const names = await readdir(join(dataset, 'holes'));
    expect(names).toHaveLength(1);
    expect(names).not.toContain(sampled);
    const tasks = await readHoles(dataset);
    expect(new Set(tasks.map(({ kind }) => kind))).toEqual(new Set(['line', 'call', 'function']));
    for (const { prefix, suffix, features, context } of tasks) {
      // Whole lines, behind their indentation.
      expect(prefix.slice(prefix.lastIndexOf('\n') + 1).trim()).toBe('');
      expect(suffix).toMatch(/^\s*?(\n|$)/);
      expect(features.hole.length).toBeGreaterThan(0);
      expect(context.source).toBe('retrieved');
    }
    await build('--repo', shop);
    expect(await readdir(join(dataset, 'holes'))).toEqual([sampled]);
  });

  it('refuses two repositories of one name', async () => {
    const other = await writeTestRepository(join(base, 'elsewhere'), 'shop', typescriptRepository());
    await expect(build('--repo', shop, other)).rejects.toThrow(
      /two of these repositories are called path:shop/,
    );
  });
});

describe('several builds', () => {
  const refused = (flags: readonly string[], message: RegExp) =>
    expect(build(...flags)).rejects.toMatchObject({
      kind: 'failed_precondition',
      message: expect.stringMatching(message) as string,
    });

  it('may not have one project in two splits, by whatever name', async () => {
    await build('--repo', shop);
    const port = await writeTestRepository(base, 'shop-js', typescriptRepository());
    await refused(
      ['--repo', port, '--split', 'benchmark'],
      /path:shop \(train\) and path:shop-js \(benchmark\) are one project/,
    );
    expect(await repositories()).toEqual(['path:shop train']);
    await build('--repo', port);
    expect(await repositories()).toEqual(['path:shop train', 'path:shop-js train']);
  });

  it.each([
    ['the same text as', (text: string) => `${text}\n\n`],
    ['9\\d % the text of', (text: string) => text.replace(/\w{8}/, 'x')],
  ])('may not have a file in two splits: %s', async (likeness, edit) => {
    const shared = sourceText('shared', 60);
    const left = await writeTestRepository(base, 'left', [
      ...pythonRepository(),
      { path: 'lib/a.py', text: shared },
    ]);
    const right = await writeTestRepository(base, 'right', [
      ...typescriptRepository(),
      { path: 'b.py', text: edit(shared) },
    ]);
    await build('--repo', left, '--split', 'calibration');
    await refused(
      ['--repo', right],
      new RegExp(`b\\.py in path:right \\(train\\) is ${likeness} lib/a\\.py in path:left \\(calibration\\)`),
    );
    expect(await repositories()).toEqual(['path:left calibration']);
  });

  it('may build a repository again for another split', async () => {
    await build('--repo', shop);
    await build('--repo', shop, '--split', 'benchmark');
    expect(await repositories()).toEqual(['path:shop benchmark']);
  });

  it('may not have splits that cannot be compared', async () => {
    await build('--repo', shop);
    await rm(join(dataset, 'sources'), { recursive: true });
    await refused(
      ['--repo', queue, '--split', 'benchmark'],
      /path:shop \(train\) cannot be compared with path:queue \(benchmark\).*with one command/,
    );
    // Of one split, there is nothing to compare.
    await build('--repo', queue);
    await build('--repo', shop);
    expect(await readdir(join(dataset, 'sources'))).toEqual(await readdir(join(dataset, 'holes')));
  });

  it('name the file where what was recorded is damaged', async () => {
    await build('--repo', shop);
    const [name] = await readdir(join(dataset, 'sources'));
    const path = join(dataset, 'sources', name!);
    await truncate(path, (await readFile(path)).length - 1);
    await expect(build('--repo', queue)).rejects.toThrow(/sources\/path_shop.*: the file is cut short/);
    await build('--repo', shop);
    await build('--repo', queue);
  });

  it('that share something are found out even when they run at once', async () => {
    const copy = await writeTestRepository(base, 'copy', pythonRepository());
    const errors: string[] = [];
    const run = (...flags: readonly string[]) =>
      parseDataset(...args(...flags)).catch((error: unknown) => void errors.push(String(error)));
    await saidBy(() => Promise.all([run('--repo', shop), run('--repo', copy, '--split', 'benchmark')]));
    expect(errors.length).toBeGreaterThan(0);
    for (const error of errors) expect(error).toMatch(/path:shop \(train\).* is the same text as/);
  });
});
