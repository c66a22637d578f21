import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { HoleKind } from '@repoformer/dataset';
import type { Chunk } from '@repoformer/domain';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHole } from './create-hole.js';
import { parseContextText } from './given-context.js';
import { crossCodeEvalRecord, readTasks, writeCrossCodeEvalTasks, type EvalTask } from './index.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'repoformer-write-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const chunk = (path: string, text: string, score = 0.5): Chunk => ({
  ...{ path, text, score },
  startLine: 0,
  endLine: text.split('\n').length,
});
const holeOf = (kind: HoleKind, prefix: string, middle: string, suffix: string, repository = 'npm:p@1') =>
  createHole({ repository, path: 'src/m.py', kind, prefix, middle, suffix });

async function readAll(file: string): Promise<EvalTask[]> {
  const tasks: EvalTask[] = [];
  for await (const task of readTasks(join(root, file))) tasks.push(task);
  return tasks;
}

describe('crossCodeEvalRecord', () => {
  it('is what CrossCodeEval publishes', () => {
    const hole = holeOf('line', 'import os\nx = 1\n', 'y = f(x)', '\nz = 2\n');
    const record = crossCodeEvalRecord(
      { hole, chunks: [chunk('lib/f.py', 'def f(x):\n    return x', 0.25)] },
      3,
    );
    expect(record).toEqual({
      prompt: 'import os\nx = 1\n',
      groundtruth: 'y = f(x)',
      right_context: '\nz = 2\n',
      metadata: {
        task_id: 'npm_p@1/3',
        repository: 'npm_p@1',
        file: 'src/m.py',
        context_start_lineno: 0,
        groundtruth_start_lineno: 2,
        right_context_start_lineno: 2,
      },
      crossfile_context: {
        text: [
          '# Here are some relevant code fragments from other files of the repo:',
          '',
          '# the below code fragment can be found in:',
          '# lib/f.py',
          '# def f(x):',
          '#     return x',
          '',
          '',
        ].join('\n'),
        list: [{ retrieved_chunk: 'def f(x):\n    return x', filename: 'lib/f.py', score: 0.25 }],
      },
    });
  });

  it('says the context as text too, which is read back as it was', () => {
    const line = fc.constantFrom('a = 1', '  b()', '', '# c', '// d');
    const text = fc.array(line, { minLength: 1, maxLength: 5 }).map((lines) => `x\n${lines.join('\n')}\ny`);
    fc.assert(
      fc.property(fc.array(text, { maxLength: 3 }), (texts) => {
        const chunks = texts.map((each, at) => chunk(`lib/${at}.py`, each));
        const { text: written } = crossCodeEvalRecord(
          { hole: holeOf('line', '', 'a', ''), chunks },
          0,
        ).crossfile_context;
        expect(parseContextText(written)).toEqual(chunks.map((each) => ({ ...each, score: 0 })));
      }),
    );
  });
});

describe('writeCrossCodeEvalTasks', () => {
  it('writes one file for each kind, numbered by repository', async () => {
    const holes = [
      holeOf('line', '', 'a = 1', '\n'),
      holeOf('line', 'a = ', '1', '\n', 'other'),
      holeOf('chunk', '', 'a = 1\nb = 2', '\n'),
      holeOf('line', 'a = 1\n', 'b = 2', '\n'),
    ].map((hole) => ({ hole, chunks: [] }));
    const counts = await writeCrossCodeEvalTasks(root, holes);
    expect(counts).toEqual({ line: 3, api: 0, chunk: 1, function: 0 });
    expect((await readdir(root)).sort()).toEqual(['chunk_completion.jsonl', 'line_completion.jsonl']);
    const lines = (await readFile(join(root, 'line_completion.jsonl'), 'utf8')).trim().split('\n');
    const ids = lines.map((line) => (JSON.parse(line) as { metadata: { task_id: string } }).metadata.task_id);
    expect(ids).toEqual(['npm_p@1/0', 'other/0', 'npm_p@1/1']);
  });

  it('what is written is read back as it was, with its context, whatever the kind', async () => {
    const text = fc.array(fc.constantFrom('\n', ' ', 'x', '\t', 'é', '"', '\u2028'), { maxLength: 8 });
    const kinds = fc.constantFrom<HoleKind>('line', 'chunk', 'call', 'function');
    await fc.assert(
      fc.asyncProperty(
        text,
        text,
        kinds,
        fc.array(text, { maxLength: 2 }),
        async (before, after, kind, others) => {
          const hole = holeOf(kind, before.join(''), 'f(x)', after.join(''), 'r');
          const chunks = others.map((other, at) => chunk(`${at}.py`, `a${other.join('')}b`, at / 4));
          await writeCrossCodeEvalTasks(root, [{ hole, chunks }]);
          const [file] = await readdir(root);
          const [task] = await readAll(file!);
          const { id: _, repository, ...rest } = task!.hole;
          const { id: __, repository: ___, ...wanted } = hole;
          expect(rest).toEqual(wanted);
          expect(repository).toBe('crosscodeeval:r');
          expect(task!.context?.chunks).toEqual(chunks);
          await rm(join(root, file!));
        },
      ),
      { numRuns: 60 },
    );
  });
});
