import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '@repoformer/domain';
import { detectTaskFormat, readTasks, type EvalTask, type ReadTasksOptions } from './index.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'repoformer-tasks-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function put(path: string, content: string | Buffer): Promise<string> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
  return file;
}

async function tasksOf(
  name: string,
  records: readonly unknown[],
  options?: ReadTasksOptions,
): Promise<EvalTask[]> {
  const file = await put(name, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  return collect(readTasks(file, options));
}

async function failureOf(
  name: string,
  content: string | Buffer,
  options?: ReadTasksOptions,
): Promise<AppError> {
  const file = await put(name, content);
  const error: unknown = await collect(readTasks(file, options)).catch((one: unknown) => one);
  expect(error).toBeInstanceOf(AppError);
  return error as AppError;
}

const SOURCE =
  'import os\n\n\nclass Path:\n    def join(self, *parts):\n        """Joins."""\n        text = "/".join(parts)\n        return text\n\n\ndef last():\n    return Path\n';

const lineTask = {
  prompt: 'class Path:\n    def join(self, *parts):\n        """Joins."""',
  metadata: {
    task_id: 'owner_paths/3',
    ground_truth: '        text = "/".join(parts)',
    fpath_tuple: ['owner_paths', 'src', 'paths.py'],
    context_start_lineno: 3,
    line_no: 6,
  },
};

const functionTask = {
  prompt: 'import os\n\n\nclass Path:\n    def join(self, *parts):\n        """Joins."""',
  metadata: {
    task_id: 'owner--paths/idx',
    ground_truth: '        text = "/".join(parts)\n        return text\n',
    fpath_tuple: ['owner_paths', 'src', 'paths.py'],
    context_start_lineno: 0,
    lineno: 6,
    function_name: 'join',
  },
};

const crossTask = {
  prompt: 'from a import b\nx = b.',
  groundtruth: 'run(1)',
  right_context: '\nprint(x)\n',
  metadata: {
    task_id: 'project_cc_python/62',
    repository: 'owner-project-a544085',
    file: 'pkg/main.py',
    context_start_lineno: 0,
    groundtruth_start_lineno: 1,
    right_context_start_lineno: 2,
  },
  crossfile_context: {
    text: '# Here are some relevant code fragments from other files of the repo:\n\n# the below code fragment can be found in:\n# a.py\n# def run(n):\n#     return n\n\n',
    list: [
      { retrieved_chunk: 'def run(n):\n    return n', filename: 'a.py', score: 12.5 },
      { retrieved_chunk: 'run(0)', filename: 'c/d.py', score: null },
    ],
  },
};

describe('RepoEval', () => {
  it('gives whole prefix and suffix from the repositories', async () => {
    await put('repositories/owner_paths/src/paths.py', SOURCE);
    const [task] = await tasksOf('line_level_completion.test.jsonl', [lineTask], {
      repositoriesRoot: join(root, 'repositories'),
    });
    expect(task).toMatchObject({
      taskId: 'owner_paths/3',
      repositoryRoot: join(root, 'repositories/owner_paths'),
      hole: {
        repository: 'repoeval:owner_paths',
        path: 'src/paths.py',
        language: 'python',
        kind: 'line',
        split: 'benchmark',
        lines: 1,
        middle: 'text = "/".join(parts)',
        suffix: '\n        return text\n\n\ndef last():\n    return Path\n',
      },
    });
    expect(task?.hole.prefix.endsWith('"""Joins."""\n        ')).toBe(true);
    expect(`${task?.hole.prefix}${task?.hole.middle}${task?.hole.suffix}`).toBe(SOURCE);
  });

  it('gives the prompt and no suffix without them', async () => {
    const [task] = await tasksOf('api_level_completion.test.jsonl', [lineTask]);
    expect(task?.hole).toMatchObject({ kind: 'call', prefix: `${lineTask.prompt}\n        `, suffix: '' });
    expect(task?.repositoryRoot).toBeUndefined();
  });

  it('reads function tasks: lineno, a line end after the truth, one name for all', async () => {
    await put('repositories/owner_paths/src/paths.py', SOURCE);
    const tasks = await tasksOf('tasks.jsonl', [functionTask], {
      repositoriesRoot: join(root, 'repositories'),
    });
    expect(tasks[0]?.hole).toMatchObject({
      kind: 'function',
      lines: 2,
      middle: 'text = "/".join(parts)\n        return text',
      suffix: '\n\n\ndef last():\n    return Path\n',
    });
  });

  it('counts lines as Python does: form feeds end lines, carriage returns and byte order marks do not count', async () => {
    await put('repositories/owner_paths/src/paths.py', `\ufeff# a\f${SOURCE.replaceAll('\n', '\r\n')}`);
    const metadata = { ...lineTask.metadata, line_no: 7 };
    const [task] = await tasksOf('line.jsonl', [{ ...lineTask, metadata }], {
      repositoriesRoot: join(root, 'repositories'),
    });
    expect(task?.hole.prefix.startsWith('# a\fimport os\n')).toBe(true);
    expect(task?.hole.middle).toBe('text = "/".join(parts)');
  });

  it('finds a truth at the end of a file without a last line end', async () => {
    await put('repositories/owner_paths/src/paths.py', SOURCE.slice(0, SOURCE.indexOf('\n\n\ndef last')));
    const [task] = await tasksOf('function.jsonl', [functionTask], {
      repositoriesRoot: join(root, 'repositories'),
    });
    expect(task?.hole).toMatchObject({ middle: 'text = "/".join(parts)\n        return text', suffix: '' });
  });

  it('finds a truth without a line number by its prompt', async () => {
    await put('repositories/owner_paths/src/paths.py', SOURCE);
    const { lineno: _lineno, ...metadata } = functionTask.metadata;
    const options = { repositoriesRoot: join(root, 'repositories') };
    const [task] = await tasksOf('f.jsonl', [{ ...functionTask, metadata }], options);
    expect(task?.hole.suffix).toBe('\n\n\ndef last():\n    return Path\n');
    const error = await failureOf('f.jsonl', JSON.stringify({ prompt: 'elsewhere', metadata }), options);
    expect(error.meta.field).toBe('metadata.lineno');
  });

  it.each([
    [{ line_no: 5 }, 'metadata.line_no'],
    [{ line_no: 900 }, 'metadata.line_no'],
    [{ line_no: -1 }, 'metadata.line_no'],
    [{ line_no: '6' }, 'metadata.line_no'],
    [{ fpath_tuple: ['owner_paths', '..', 'secret.py'] }, 'metadata.fpath_tuple'],
    [{ fpath_tuple: ['..', 'secret.py'] }, 'metadata.fpath_tuple'],
    [{ fpath_tuple: ['owner_paths', '/etc/passwd'] }, 'metadata.fpath_tuple'],
    [{ fpath_tuple: ['owner_paths', 'link.py'] }, 'metadata.fpath_tuple'],
    [{ fpath_tuple: ['owner_paths', 'gone.py'] }, 'metadata.fpath_tuple'],
    [{ fpath_tuple: 'src/paths.py' }, 'metadata.fpath_tuple'],
    [{ ground_truth: ' \n' }, 'metadata.ground_truth'],
    [{ task_id: 7 }, 'metadata.task_id'],
  ])('refuses %j: names file, line and field', async (change, field) => {
    await put('repositories/owner_paths/src/paths.py', SOURCE);
    await put('secret.py', SOURCE);
    await symlink(join(root, 'secret.py'), join(root, 'repositories/owner_paths/link.py'));
    const bad = { ...lineTask, metadata: { ...lineTask.metadata, ...change } };
    const error = await failureOf('line.jsonl', `${JSON.stringify(lineTask)}\n\n${JSON.stringify(bad)}\n`, {
      repositoriesRoot: join(root, 'repositories'),
    });
    expect(error.kind).toBe('invalid_argument');
    expect(error.meta).toEqual({ file: join(root, 'line.jsonl'), line: '3', field });
    expect(error.message).not.toContain('import os');
  });
});

describe('CrossCodeEval', () => {
  it('reads a line completion and its context', async () => {
    const [task] = await tasksOf('line_completion_rg1_bm25.jsonl', [crossTask]);
    expect(task).toMatchObject({
      taskId: 'project_cc_python/62',
      hole: {
        repository: 'crosscodeeval:owner-project-a544085',
        path: 'pkg/main.py',
        kind: 'line_rest',
        language: 'python',
        prefix: crossTask.prompt,
        middle: 'run(1)',
        suffix: '\nprint(x)\n',
      },
      context: {
        text: crossTask.crossfile_context.text,
        chunks: [
          { path: 'a.py', startLine: 0, endLine: 2, score: 12.5, text: 'def run(n):\n    return n' },
          { path: 'c/d.py', startLine: 0, endLine: 1, score: 0, text: 'run(0)' },
        ],
      },
    });
  });

  it('reads files of the first release: no suffix, no context, or an empty one', async () => {
    const { right_context: _right, crossfile_context: _context, ...old } = crossTask;
    const tasks = await tasksOf('line_completion.jsonl', [old, { ...old, crossfile_context: {} }]);
    expect(tasks.map(({ context, hole }) => [context, hole.suffix])).toEqual([
      [undefined, ''],
      [undefined, ''],
    ]);
  });

  it('finds the repository where it is there', async () => {
    await mkdir(join(root, 'repositories/owner-project-a544085'), { recursive: true });
    const elsewhere = { ...crossTask, metadata: { ...crossTask.metadata, repository: '../repositories' } };
    const tasks = await tasksOf('line_completion.jsonl', [crossTask, elsewhere], {
      repositoriesRoot: join(root, 'repositories'),
    });
    expect(tasks.map((task) => task.repositoryRoot)).toEqual([
      join(root, 'repositories/owner-project-a544085'),
      undefined,
    ]);
  });

  it('names what is wrong in a context', async () => {
    const crossfile_context = { text: '', list: [{ retrieved_chunk: 1, filename: 'a.py', score: 1 }] };
    const error = await failureOf('line.jsonl', JSON.stringify({ ...crossTask, crossfile_context }));
    expect(error.meta.field).toBe('crossfile_context.list[0].retrieved_chunk');
  });
});

describe('CrossCodeLongEval and Repoformer’s files', () => {
  const longTask = {
    prompt: 'def f(a):\n',
    groundtruth: '    b = a\n\n    return b\n',
    right_context: 'x = 1\n',
    metadata: { task_id: 'project/pkg/m.py/1_4', filename: 'project/pkg/m.py', start_i: 1, end_i: 4 },
    crossfile_context:
      '# Here are some relevant code fragments from other files of the repo:\n\n# the below code fragment can be found in:\n# project/a.py\n# # a comment\n# y = 1\n\n# the below code fragment can be found in:\n# project/b.py\n# z = 2\n\n',
  };

  it('reads chunk and function completions', async () => {
    const [chunk] = await tasksOf('python_chunk_completion_sparse_rg1.jsonl', [longTask]);
    expect(chunk).toMatchObject({
      hole: {
        repository: 'crosscodeeval:project',
        path: 'pkg/m.py',
        kind: 'chunk',
        lines: 3,
        prefix: 'def f(a):\n    ',
        middle: 'b = a\n\n    return b',
        suffix: '\nx = 1\n',
      },
      context: {
        chunks: [
          { path: 'project/a.py', text: '# a comment\ny = 1', endLine: 2 },
          { path: 'project/b.py', text: 'z = 2', endLine: 1 },
        ],
      },
    });
    const [body] = await tasksOf('python_function_completion_sparse_rg1.jsonl', [longTask]);
    expect(body?.hole.kind).toBe('function');
    expect(body?.hole.id).not.toBe(chunk?.hole.id);
  });

  it('reads RepoEval as Repoformer converts it, with filepath', async () => {
    const metadata = {
      task_id: 'owner_paths/0',
      filepath: 'owner_paths/src/paths.py',
      repository: 'an address',
    };
    const [task] = await tasksOf('line_level.jsonl', [
      { ...longTask, prompt: 'a\n    ', groundtruth: 'b', metadata, crossfile_context: '' },
    ]);
    expect(task?.hole).toMatchObject({
      repository: 'crosscodeeval:owner_paths',
      path: 'src/paths.py',
      kind: 'line',
    });
    expect(task?.context).toBeUndefined();
  });
});

describe('files of tasks', () => {
  it('tells the format by content', async () => {
    const repoEval = await put('a.jsonl', `\n${JSON.stringify(lineTask)}\n`);
    const cross = await put('line_level.test.jsonl', JSON.stringify(crossTask));
    expect(await detectTaskFormat(repoEval)).toBe('repoeval');
    expect(await detectTaskFormat(cross)).toBe('crosscodeeval');
  });

  it('reads a last record without a line end, and separators inside a record', async () => {
    const tasks = await tasksOf('line.jsonl', [{ ...crossTask, groundtruth: 'a\u2028b' }]);
    expect(tasks[0]?.hole.middle).toBe('a\u2028b');
    const file = await put('line.jsonl', JSON.stringify(crossTask));
    expect(await collect(readTasks(file))).toHaveLength(1);
  });

  it('reads record by record: a bad line does not take the good ones before it', async () => {
    const file = await put('line.jsonl', `${JSON.stringify(crossTask)}\n{"bad`);
    const tasks = readTasks(file);
    expect((await tasks.next()).value).toBeDefined();
    await expect(tasks.next()).rejects.toThrow(/line 2: the file ends in the middle of this record/);
  });

  it('splits long files at any byte, inside a character too', async () => {
    const records = Array.from({ length: 40 }, (_, index) => ({
      ...crossTask,
      groundtruth: `${'ä€😀'.repeat(3_000 + index)}`,
    }));
    const tasks = await tasksOf('line.jsonl', records);
    expect(tasks.map((task) => task.hole.middle)).toEqual(records.map((record) => record.groundtruth));
  });

  it.each([
    ['', /the file is empty/],
    ['\n \n', /the file is empty/],
    ['{"a": 1}\n', /line 1: this is no record of repoeval or crosscodeeval/],
    ['[1]\n', /line 1: the record must be a JSON object/],
    ['prompt,groundtruth\n', /line 1: the line is not JSON/],
    [Buffer.from([0x7b, 0xff, 0x7d, 0x0a]), /line 1: the line is not UTF-8/],
    [Buffer.from([0x1f, 0x8b, 0x08, 0x00]), /ends in the middle/],
  ])('refuses %j', async (content, message) => {
    const error = await failureOf('line.jsonl', content);
    expect(error.kind).toBe('invalid_argument');
    expect(error.message).toMatch(message);
  });

  it('refuses a name that does not say the kind, and takes the kind from the caller', async () => {
    const error = await failureOf('tasks.jsonl', JSON.stringify(crossTask));
    expect(error.message).toMatch(/name their kind/);
    const [task] = await tasksOf('tasks.jsonl', [crossTask], { kind: 'chunk' });
    expect(task?.hole.kind).toBe('chunk');
  });

  it('says when a file is not there, or is a directory', async () => {
    await expect(collect(readTasks(join(root, 'gone.jsonl')))).rejects.toMatchObject({
      kind: 'not_found',
    });
    await expect(collect(readTasks(root))).rejects.toMatchObject({ kind: 'invalid_argument' });
  });

  it('can be cancelled', async () => {
    const file = await put('line.jsonl', JSON.stringify(crossTask));
    const tasks = readTasks(file, { signal: AbortSignal.abort() });
    await expect(tasks.next()).rejects.toMatchObject({ kind: 'cancelled' });
  });
});
