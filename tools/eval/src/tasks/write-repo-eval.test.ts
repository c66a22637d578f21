import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Hole, HoleKind } from '@repoformer/dataset';
import { createHole } from './create-hole.js';
import { folderOf, readTasks, repoEvalFileName, repoEvalRecord, writeRepoEvalTasks } from './index.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'repoformer-write-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const SOURCE = 'def f(a):\n    b = g(a)\n    return b\n\n\nclass C:\n    x = 1\n';

function holeAt(text: string, middle: string, kind: HoleKind, repository = 'npm:pkg@1.0.0'): Hole {
  const start = text.indexOf(middle);
  return createHole({
    repository,
    path: 'src/m.py',
    kind,
    prefix: text.slice(0, start),
    middle,
    suffix: text.slice(start + middle.length),
  });
}

describe('repoEvalRecord', () => {
  it('is what RepoEval publishes: whole lines, and the number of the first', () => {
    expect(repoEvalRecord(holeAt(SOURCE, '    b = g(a)', 'line'), 4)).toEqual({
      prompt: 'def f(a):',
      metadata: {
        task_id: 'npm_pkg@1.0.0/4',
        ground_truth: '    b = g(a)',
        fpath_tuple: ['npm_pkg@1.0.0', 'src', 'm.py'],
        context_start_lineno: 0,
        line_no: 1,
      },
    });
  });

  it('widens a call to its lines', () => {
    expect(repoEvalRecord(holeAt(SOURCE, 'g(a)', 'call'), 0)?.metadata.ground_truth).toBe('    b = g(a)');
  });

  it('ends functions with a line end, under both names of the line number', () => {
    const record = repoEvalRecord(holeAt(SOURCE, '    b = g(a)\n    return b\n', 'function'), 0);
    expect(record?.metadata).toMatchObject({
      ground_truth: '    b = g(a)\n    return b\n',
      line_no: 1,
      lineno: 1,
    });
  });

  it('has no place for line rests and chunks', () => {
    expect(repoEvalRecord(holeAt(SOURCE, '= g(a)', 'line_rest'), 0)).toBeUndefined();
    expect(repoEvalRecord(holeAt(SOURCE, '    return b\n\n\nclass C:', 'chunk'), 0)).toBeUndefined();
  });
});

describe('writeRepoEvalTasks', () => {
  it('writes one file a level, and numbers by repository', async () => {
    const holes = [
      holeAt(SOURCE, '    b = g(a)', 'line'),
      holeAt(SOURCE, 'b = g', 'line_rest'),
      holeAt(SOURCE, '    x = 1', 'line', 'other'),
      holeAt(SOURCE, '    return b', 'line'),
      holeAt(SOURCE, 'g(a)', 'call'),
    ];
    expect(await writeRepoEvalTasks(root, holes)).toEqual({ line: 3, api: 1, function: 0, skipped: 1 });
    expect((await readdir(root)).sort()).toEqual([repoEvalFileName('api'), repoEvalFileName('line')]);
    const lines = (await readFile(join(root, repoEvalFileName('line')), 'utf8')).trim().split('\n');
    const names = lines.map(
      (line) => (JSON.parse(line) as { metadata: { task_id: string } }).metadata.task_id,
    );
    expect(names).toEqual(['npm_pkg@1.0.0/0', 'other/0', 'npm_pkg@1.0.0/1']);
  });

  it('what is written is read back as it was, whatever the file', async () => {
    const line = fc.constantFrom('', 'a = 1', '  b', '\tc()', 'x\fy', '    return é', 'z\u2028w');
    const text = fc.array(line, { minLength: 1, maxLength: 12 }).map((lines) => lines.join('\n'));
    await fc.assert(
      fc.asyncProperty(
        text,
        fc.nat(),
        fc.constantFrom<HoleKind>('line', 'function'),
        async (content, at, kind) => {
          const lines = content.split('\n');
          const index = at % lines.length;
          fc.pre((lines[index] as string).trim() !== '');
          const before = lines.slice(0, index).map((one) => `${one}\n`);
          const rest = lines.slice(index + 1).map((one) => `\n${one}`);
          const hole = createHole({
            repository: 'r',
            path: 'd/f.py',
            kind,
            prefix: before.join(''),
            middle: lines[index] as string,
            suffix: rest.join(''),
          });
          const source = join(root, 'repositories', folderOf('r'), 'd/f.py');
          await mkdir(dirname(source), { recursive: true });
          await writeFile(source, content);
          await writeRepoEvalTasks(root, [hole]);
          const file = join(root, repoEvalFileName(kind === 'line' ? 'line' : 'function'));
          const [task] = await collect(readTasks(file, { repositoriesRoot: join(root, 'repositories') }));
          const { prefix, middle, suffix, kind: kindRead, lines: count } = task?.hole as Hole;
          expect({ prefix, middle, suffix, kindRead, count }).toEqual({
            prefix: hole.prefix,
            middle: hole.middle,
            suffix: hole.suffix,
            kindRead: kind,
            count: hole.lines,
          });
        },
      ),
      { numRuns: 60 },
    );
  });

  it('says when it cannot write, and leaves nothing half done', async () => {
    await writeFile(join(root, 'taken'), '');
    const holes = [holeAt(SOURCE, '    b = g(a)', 'line')];
    await expect(writeRepoEvalTasks(join(root, 'taken'), holes)).rejects.toMatchObject({
      kind: 'failed_precondition',
    });
    await expect(writeRepoEvalTasks(root, holes, AbortSignal.abort())).rejects.toMatchObject({
      kind: 'cancelled',
    });
    expect(await readdir(root)).toEqual(['taken']);
  });
});
