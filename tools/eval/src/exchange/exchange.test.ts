import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readHoles, type CorpusRepository, type CorpusText, type HoleRecord } from '@repoformer/dataset';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sketchChunk, sketchHoleRecord, type LabelSketch } from '../testing.js';
import { exportTasks } from './export-tasks.js';
import { importTasks } from './import-tasks.js';

let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'repoformer-exchange-'));
});
afterEach(() => rm(base, { recursive: true, force: true }));

const signal = new AbortController().signal;
const MAIN = [
  'import os\n',
  'def load(name):\n    text = read(name)\n    return text\n',
  'def save(name, text):\n    write(name, text)\n',
].join('\n\n');
const OTHER =
  'def read(name):\n    return open(name).read()\n\n\ndef write(name, text):\n    text = read(name)\n';
const TEXTS: readonly CorpusText[] = [
  { path: 'src/main.py', text: MAIN },
  { path: 'src/other.py', text: OTHER },
];

const holeAt = (middle: string, rest: Partial<LabelSketch> = {}): HoleRecord => {
  const start = MAIN.indexOf(middle);
  // As in a dataset, not all of the file is there.
  const prefix = MAIN.slice(Math.min(start, 5), start);
  const suffix = MAIN.slice(start + middle.length, start + middle.length + 20);
  const chunks = [sketchChunk('src/other.py', 'def read(name):', 0.25)];
  return sketchHoleRecord({ id: middle, prefix, middle, suffix, completions: [], chunks, ...rest });
};
const LINE = holeAt('text = read(name)');
const REST = holeAt('(name, text)', { kind: 'line_rest', id: 'rest' });
const FUNCTION = holeAt('text = read(name)\n    return text', { kind: 'function' });
const repository = { name: LINE.repository } as CorpusRepository;
const write = (
  format: 'repoeval' | 'crosscodeeval',
  records: readonly HoleRecord[],
  repositories = [repository],
) =>
  exportTasks(records, {
    directory: join(base, 'tasks'),
    format,
    repositories,
    readTexts: () => Promise.resolve(TEXTS),
    signal,
  });
const read = (names: readonly string[], options = {}) =>
  importTasks(
    names.map((name) => join(base, 'tasks', name)),
    { directory: join(base, 'imported'), cacheDirectory: join(base, 'cache'), signal, ...options },
  );
const textOf = ({ prefix, middle, suffix, kind }: HoleRecord) => ({ prefix, middle, suffix, kind });

describe('RepoEval', () => {
  it('goes out and comes back: the same holes, in all of their file, with context found for them', async () => {
    const written = await write('repoeval', [LINE, REST, FUNCTION]);
    expect(written).toEqual({ tasks: { line: 1, api: 0, function: 1 }, skipped: 1, placed: 3 });
    const files = ['line_level_completion.test.jsonl', 'function_level_completion.test.jsonl'];
    const repositoriesRoot = join(base, 'tasks', 'repositories');
    const result = await read(files, { repositoriesRoot });
    expect(result).toEqual({ holes: 2, repositories: 1, given: 0, retrieved: 2, without: 0 });
    const holes = await readHoles(join(base, 'imported'));
    const start = MAIN.indexOf(LINE.middle);
    for (const wanted of [LINE, FUNCTION]) {
      const suffix = MAIN.slice(start + wanted.middle.length);
      const { middle, kind } = wanted;
      expect(holes.map(textOf)).toContainEqual({ prefix: MAIN.slice(0, start), middle, suffix, kind });
    }
    for (const { context, repository: name } of holes) {
      expect(name).toBe('repoeval:test_one');
      expect(context.chunks.map(({ path }) => path)).toContain('src/other.py');
    }
    const before = await readdir(join(base, 'imported', 'holes'));
    await read(files, { repositoriesRoot });
    expect(await readdir(join(base, 'imported', 'holes'))).toEqual(before);
  });

  it('brings no context: without repositories there is nothing to import', async () => {
    await write('repoeval', [LINE]);
    await expect(read(['line_level_completion.test.jsonl'])).rejects.toThrow(/--repositories/);
  });

  it('counts lines from the text there is, where the repository is not at hand', async () => {
    expect(await write('repoeval', [LINE], [])).toMatchObject({ placed: 0 });
    const [line] = (await readFile(join(base, 'tasks', 'line_level_completion.test.jsonl'), 'utf8')).split(
      '\n',
    );
    expect((JSON.parse(line!) as { prompt: string }).prompt).toBe(
      LINE.prefix.slice(0, LINE.prefix.lastIndexOf('\n')),
    );
  });
});

describe('CrossCodeEval', () => {
  const FILES = ['line_completion.jsonl', 'function_completion.jsonl'];

  it('goes out and comes back: holes of every kind, with the context they have', async () => {
    const written = await write('crosscodeeval', [LINE, REST, FUNCTION]);
    expect(written).toMatchObject({ tasks: { line: 2, function: 1 }, skipped: 0, placed: 3 });
    expect(await read(FILES)).toMatchObject({ holes: 3, given: 3, retrieved: 0, without: 0 });
    const holes = await readHoles(join(base, 'imported'));
    for (const { middle, kind } of [LINE, REST, FUNCTION]) {
      const found = holes.find((hole) => hole.kind === kind)!;
      expect(found.prefix + found.middle + found.suffix).toBe(MAIN);
      expect(found.middle).toBe(middle);
      expect(found.context.chunks).toEqual(LINE.context.chunks);
      expect(found.features.chunks).toHaveLength(1);
    }
  });

  it('another import of the same repository gives way to it, and one of another stays', async () => {
    await write('crosscodeeval', [LINE, REST, FUNCTION]);
    await read(FILES);
    await write('crosscodeeval', [{ ...LINE, repository: 'test:two' }]);
    await read(['line_completion.jsonl']);
    expect(await readHoles(join(base, 'imported'))).toHaveLength(4);
    await write('crosscodeeval', [LINE]);
    await read(['line_completion.jsonl']);
    expect((await readHoles(join(base, 'imported'))).map(({ repository: name }) => name).sort()).toEqual([
      'crosscodeeval:test_one',
      'crosscodeeval:test_two',
    ]);
  });

  it('names the line of a record that is cut off, and imports nothing of it', async () => {
    await write('crosscodeeval', [LINE, REST]);
    const file = join(base, 'tasks', 'line_completion.jsonl');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.slice(0, -20));
    await expect(read(['line_completion.jsonl'])).rejects.toThrow(/line 2/);
    await expect(readHoles(join(base, 'imported'))).rejects.toMatchObject({ kind: 'failed_precondition' });
  });
});

it('two repositories of one folder are not mixed up', async () => {
  const other = { ...holeAt('import os'), repository: 'test_one' };
  await expect(write('repoeval', [LINE, other], [])).rejects.toThrow(/share the folder test_one/);
});
