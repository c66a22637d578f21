import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { tryLock } from '@repoformer/dataset';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LabelledHole } from '../collect/collect-results.js';
import { sketchHoleRecord, sketchLabel } from '../testing.js';
import { detectIsolation } from '../unit-tests/index.js';
import { testFunctions, type FunctionTestOptions, type TestedRepository } from './test-functions.js';

const isolated = (await detectIsolation()).network === 'none';
if (!isolated) console.log('generated code runs without a sandbox here: the test of the network is skipped');

const SOURCE =
  'def double(n):\n    m = n\n    return n + m\n\n\ndef unused(n):\n    return n - 1\n\n\ndef gone(n):\n    return n\n';
const TEST = (expected: number) =>
  `import unittest\nfrom pkg.calc import double\n\n\nclass T(unittest.TestCase):\n    def test(self):\n        self.assertEqual(double(4), ${expected})\n`;

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'repoformer-functions-'));
  for (const [name, expected] of [
    ['good', 8],
    ['bad', 9],
  ] as const) {
    await put(`${name}/pkg/calc.py`, SOURCE);
    await put(`${name}/test_calc.py`, TEST(expected));
  }
});
afterAll(() => rm(base, { recursive: true, force: true }));
async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(base, path)), { recursive: true });
  await writeFile(join(base, path), text);
}

let labels: string;
beforeEach(async () => {
  labels = await mkdtemp(join(base, 'labels-'));
});

const repositoryOf = (name: string): TestedRepository => ({
  name: `test:${name}`,
  split: 'benchmark',
  root: join(base, name),
  commit: 'c0ffee',
  languages: ['python'],
  licence: 'MIT',
  files: ['pkg/calc.py'],
  dropped: {},
  tests: { command: ['python3', '-m', 'unittest'], install: [] },
});
const holeAt = (middle: string, completions: string[], name = 'good'): LabelledHole => {
  const start = SOURCE.indexOf(middle);
  const sketch = {
    ...{ id: `${name} ${middle}`, repository: `test:${name}`, path: 'pkg/calc.py' },
    ...{ kind: 'function' as const, prefix: SOURCE.slice(0, start), middle, completions, chunks: [] },
    suffix: SOURCE.slice(start + middle.length),
  };
  return { hole: sketchHoleRecord(sketch), label: sketchLabel(sketch), passed: new Map() };
};
const DOUBLE = 'm = n\n    return n + m';

const run = (holes: readonly LabelledHole[], names = ['good'], options: Partial<FunctionTestOptions> = {}) =>
  testFunctions(labels, holes, names.map(repositoryOf), {
    cacheDirectory: join(base, 'cache'),
    labelsDirectory: labels,
    timeoutMs: 20_000,
    isolation: isolated ? 'required' : 'none',
    signal: new AbortController().signal,
    readTexts: () => Promise.resolve([{ path: 'pkg/calc.py', text: SOURCE }]),
    ...options,
  });
const file = () => join(labels, 'tests.jsonl');
const verdicts = async () =>
  (await readFile(file(), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: string; chunks: number; outcome: string });

describe('testFunctions', () => {
  it('judges each completion by the package’s tests, and goes on where it was cut off', async () => {
    const holes = [
      holeAt(DOUBLE, ['return 2 * n', 'return 3 * n', 'raise ValueError()']),
      holeAt('return n - 1', ['return 0']),
    ];
    const expected = { tested: 1, untested: 1, broken: 0 };
    expect(await run(holes)).toEqual({ judged: 4, ...expected });
    expect((await verdicts()).map(({ chunks, outcome }) => [chunks, outcome])).toEqual([
      [0, 'passed'],
      [1, 'failed'],
      [2, 'failed'],
      [0, 'untested'],
    ]);
    const whole = readFileSync(file(), 'utf8');
    expect(await run(holes)).toEqual({ judged: 0, ...expected });
    expect(readFileSync(file(), 'utf8')).toBe(whole);
    // Killed while it wrote the last one.
    await truncate(file(), whole.length - 5);
    expect(await run(holes)).toEqual({ judged: 1, ...expected });
    expect(readFileSync(file(), 'utf8')).toBe(whole);
  });

  it('stops when it is told to, with what is known, and does nothing twice afterwards', async () => {
    const holes = [holeAt(DOUBLE, ['return n * 2', 'return n + n', 'return n'])];
    const controller = new AbortController();
    const onProgress: FunctionTestOptions['onProgress'] = ({ done }) => {
      if (done === 1) controller.abort();
    };
    expect(await run(holes, ['good'], { signal: controller.signal, onProgress })).toMatchObject({
      judged: 1,
    });
    const seen: number[] = [];
    const rest = await run(holes, ['good'], { onProgress: ({ done, total }) => void seen.push(done, total) });
    expect(rest).toMatchObject({ judged: 2, tested: 1 });
    expect(seen).toEqual([1, 3, 2, 3, 3, 3]);
    expect((await verdicts()).map(({ outcome }) => outcome)).toEqual(['passed', 'passed', 'failed']);
  });

  it('ends a completion that does not end', async () => {
    const holes = [holeAt(DOUBLE, ['while True:\n        pass'])];
    expect(await run(holes, ['good'], { timeoutMs: 3_000 })).toMatchObject({ judged: 1, tested: 1 });
    expect(await verdicts()).toMatchObject([{ outcome: 'timed_out' }]);
  });

  it.runIf(isolated)('lets no completion reach the network', async () => {
    let requests = 0;
    const server = createServer((_, response) => {
      requests++;
      response.end('8');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const { port } = server.address() as AddressInfo;
      const body = `import urllib.request\n    return int(urllib.request.urlopen("http://127.0.0.1:${port}", timeout=2).read())`;
      const holes = [holeAt(DOUBLE, [body])];
      await run(holes);
      expect(await verdicts()).toMatchObject([{ outcome: 'failed' }]);
      expect(requests).toBe(0);
      // Without the sandbox the same completion does reach it.
      labels = await mkdtemp(join(base, 'labels-'));
      await run(holes, ['good'], { isolation: 'none' });
      expect(await verdicts()).toMatchObject([{ outcome: 'passed' }]);
      expect(requests).toBeGreaterThan(0);
    } finally {
      server.close();
    }
  });

  it('says nothing of completions where the tests fail as they are', async () => {
    const skipped: string[][] = [];
    const holes = [holeAt(DOUBLE, ['return 9'], 'bad'), holeAt('return n - 1', ['return 0'], 'bad')];
    const onSkipped = (...why: string[]) => void skipped.push(why);
    expect(await run(holes, ['bad'], { onSkipped })).toEqual({
      judged: 0,
      tested: 0,
      untested: 0,
      broken: 2,
    });
    expect(skipped).toEqual([['test:bad', 'pkg/calc.py', expect.stringContaining('fail as it is')]]);
    expect(readFileSync(file(), 'utf8')).toBe('');
  });

  it('asks anew whether the tests pass as they are, whatever it was told before', async () => {
    const fresh = { cacheDirectory: join(base, 'other-cache') };
    const holes = [holeAt(DOUBLE, ['return 9'], 'bad')];
    await run(holes, ['bad'], fresh);
    await put('bad/test_calc.py', TEST(8));
    try {
      expect(await run(holes, ['bad'], fresh)).toMatchObject({ judged: 1, tested: 1, broken: 0 });
    } finally {
      await put('bad/test_calc.py', TEST(9));
    }
  });

  it('leaves out a hole that is not in the repository', async () => {
    const skipped: string[] = [];
    const lost = holeAt('return n\n', ['return 1']);
    const holes = [{ ...lost, hole: { ...lost.hole, suffix: 'elsewhere' } }];
    const result = await run(holes, ['good'], { onSkipped: (...why) => void skipped.push(...why) });
    expect(result).toEqual({ judged: 0, tested: 0, untested: 0, broken: 0 });
    expect(skipped.at(-1)).toContain('does not stand in the repository');
  });

  it('is done by one process at a time, and names a verdict that is none', async () => {
    const lock = await tryLock(`${file()}.lock`);
    await expect(run([holeAt(DOUBLE, ['return 9'])])).rejects.toMatchObject({ kind: 'unavailable' });
    await lock?.release();
    await appendFile(file(), '{}\n');
    await expect(run([holeAt(DOUBLE, ['return 9'])])).rejects.toThrow(/tests\.jsonl, line 1/);
  });
});
