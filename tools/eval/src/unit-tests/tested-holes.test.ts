import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Hole, HoleKind } from '@repoformer/dataset';
import { brokenBody, openVerdictCache, UnitTestJudge, type VerdictCache } from './index.js';

const SOURCE =
  'def double(n):\n    """Twice n."""\n    m = n\n    return n + m\n\n\ndef unused(n):\n    return n - 1\n';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'repoformer-holes-'));
  const test = (expected: number): string =>
    `import unittest\nfrom pkg.calc import double\n\n\nclass T(unittest.TestCase):\n    def test(self):\n        self.assertEqual(double(4), ${expected})\n`;
  for (const [name, expected] of [
    ['good', 8],
    ['bad', 9],
  ] as const) {
    await put(`${name}/pkg/calc.py`, SOURCE);
    await put(`${name}/test_calc.py`, test(expected));
  }
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function put(path: string, content: string): Promise<void> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
}

function holeOf(middle: string, kind: HoleKind = 'function', source = SOURCE): Hole {
  const start = source.indexOf(middle);
  return {
    ...{
      id: middle,
      repository: 'test:good@1',
      split: 'benchmark',
      path: 'pkg/calc.py',
      language: 'python',
      kind,
    },
    lines: middle.split('\n').length,
    prefix: source.slice(0, start),
    middle,
    suffix: source.slice(start + middle.length),
  };
}

const covered = holeOf('m = n\n    return n + m');
const uncovered = holeOf('return n - 1');

/** Counts what was really run: each verdict is stored once, and only when it was not known. */
function counting(): VerdictCache & { stored: number } {
  const known = new Map<string, Parameters<VerdictCache['set']>[1]>();
  return {
    stored: 0,
    get: (key) => known.get(key),
    set(key, outcome) {
      this.stored++;
      known.set(key, outcome);
      return Promise.resolve();
    },
  };
}

// The programs are the test's own; that they run isolated is shown in run-unit-tests.test.ts.
const judgeOf = (name: string, cache?: VerdictCache): UnitTestJudge =>
  new UnitTestJudge({
    repositoryRoot: join(root, name),
    command: ['python3', '-m', 'unittest', '-q'],
    timeoutMs: 30_000,
    isolation: 'none',
    ...(cache === undefined ? {} : { cache }),
  });

describe('UnitTestJudge', () => {
  it('counts only holes whose tests pass with the truth and fail with a broken body', async () => {
    const cache = counting();
    const judge = judgeOf('good', cache);
    expect(await judge.coverageOf(covered)).toBe('tested');
    expect(await judge.coverageOf(uncovered)).toBe('untested');
    // The truth once for both holes, and one broken body for each.
    expect(cache.stored).toBe(3);
  });

  it('judges completions, and runs nothing twice', async () => {
    const cache = counting();
    const judge = judgeOf('good', cache);
    expect(await judge.judge(covered, 'return 2 * n')).toBe('passed');
    expect(await judge.judge(covered, 'return 2 + n')).toBe('failed');
    expect(await judge.judge(uncovered, 'return 7')).toBe('untested');
    expect(cache.stored).toBe(5);
    expect(await judge.judge(covered, 'return 2 + n')).toBe('failed');
    expect(cache.stored).toBe(5);
  });

  it('says broken when the tests fail with the truth', async () => {
    const cache = counting();
    expect(await judgeOf('bad', cache).judge(covered, 'return 9')).toBe('broken');
    expect(await judgeOf('bad', cache).coverageOf(uncovered)).toBe('broken');
    expect(cache.stored).toBe(1);
  });

  it('remembers in a file, and survives a line that was cut off', async () => {
    const file = join(root, 'cache/verdicts');
    expect(await judgeOf('good', await openVerdictCache(file)).coverageOf(covered)).toBe('tested');
    const stored = await readFile(file, 'utf8');
    expect(
      stored
        .trim()
        .split('\n')
        .map((line) => line.slice(65)),
    ).toEqual(['passed', 'failed']);
    await appendFile(file, 'not a verdict\n0123');
    // Nothing can run in a directory that is not there: all that is asked is known.
    const again = judgeOf('gone', await openVerdictCache(file));
    await put('gone/pkg/calc.py', SOURCE);
    expect(await again.coverageOf(covered)).toBe('tested');
    const cache = await openVerdictCache(file);
    await cache.set('a'.repeat(64), 'timed_out');
    expect((await openVerdictCache(file)).get('a'.repeat(64))).toBe('timed_out');
  });

  it('says when verdicts cannot be kept', async () => {
    await put('taken', '');
    await expect(openVerdictCache(join(root, 'taken/verdicts'))).rejects.toMatchObject({
      kind: 'failed_precondition',
    });
  });
});

describe('brokenBody', () => {
  it('raises in the way of the language, in braces where the truth has them', () => {
    expect(brokenBody({ language: 'python', middle: 'return 1' })).toMatch(/^raise /);
    expect(brokenBody({ language: 'typescriptreact', middle: 'return 1;' })).toMatch(/^throw new Error/);
    expect(brokenBody({ language: 'go', middle: '{\n\treturn 1\n}' })).toMatch(/^\{ panic\(.*\) \}$/);
  });

  it('refuses what it cannot break', () => {
    expect(() => brokenBody({ language: 'css', middle: 'a' })).toThrow(/css/);
  });
});
