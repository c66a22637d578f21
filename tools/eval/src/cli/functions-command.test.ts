import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeRepository } from '@repoformer/dataset';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeDataset } from '../testing.js';
import { detectIsolation } from '../unit-tests/index.js';
import { runEval } from './testing.js';

const isolation = (await detectIsolation()).network === 'none' ? [] : ['--no-isolation'];
const BODY = 'total = 0\n    for value in values:\n        total += value\n    return total';
const SOURCE = `def add(values):\n    ${BODY}\n`;
const TEST =
  'import unittest\nfrom calc import add\n\n\nclass T(unittest.TestCase):\n    def test(self):\n        self.assertEqual(add([1, 2]), 3)\n';

let base: string;
let labels: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'repoformer-eval-'));
  const files = { 'calc.py': SOURCE, 'test_calc.py': TEST };
  await writeRepository(
    join(base, 'calc'),
    'calc',
    Object.entries(files).map(([path, text]) => ({ path, bytes: Buffer.from(text) })),
  );
  labels = await writeDataset(join(base, 'dataset'), [
    {
      ...{ id: 'add', repository: 'path:calc', path: 'calc.py', kind: 'function' },
      ...{ prefix: SOURCE.slice(0, SOURCE.indexOf(BODY)), middle: BODY, suffix: '\n' },
      completions: ['return 0', 'return sum(values)'],
    },
  ]);
});
afterAll(() => rm(base, { recursive: true, force: true }));

const manifest = async (entry: object) => {
  const file = join(base, 'manifest.json');
  const repository = { path: join(base, 'calc'), languages: ['python'], licence: 'MIT', split: 'benchmark' };
  await writeFile(file, JSON.stringify({ name: 'own', repositories: [{ ...repository, ...entry }] }));
  return file;
};
const functions = async (entry: object) =>
  runEval([
    ...['functions', join(base, 'dataset'), '--labels', labels, '--corpus', await manifest(entry)],
    ...['--cache', join(base, 'cache'), '--timeout', '20', ...isolation],
  ]);

describe('functions', () => {
  it('says how many completions pass, and reports do', async () => {
    const said = await functions({ tests: { command: ['python3', '-m', 'unittest'], install: [] } });
    expect(said).toContain('1 of 1 function holes are tested');
    expect(said).toContain('2 completions judged now');
    expect(said).toContain('pass without context in the prompt: 0 of 1 (0.0 %)');
    expect(said).toContain('pass with all context: 1 of 1 (100.0 %)');
    const out = join(base, 'report');
    await runEval(['report', join(base, 'dataset'), '--labels', labels, '--out', out]);
    const markdown = await readFile(join(out, 'report.md'), 'utf8');
    expect(markdown).toContain('Tests pass');
    expect(markdown).toContain('Pass rates are of 1 function of 1 package');
  });

  it('says when no repository has tests', async () => {
    await expect(functions({})).rejects.toMatchObject({
      kind: 'failed_precondition',
      message: expect.stringContaining('path:calc'),
    });
  });
});
