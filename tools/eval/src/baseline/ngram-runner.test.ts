import type { RunnableHole } from '@repoformer/dataset';
import { describe, expect, it } from 'vitest';
import { describeNgramRun, NgramModel, NgramRunner } from './index.js';

const REPEATED = 'const total = sum(values) / values.length;\n';
const FILES = Array.from({ length: 6 }, (_, at) => ({
  path: `src/file${at}.ts`,
  text: `export function mean${at}(values) {\n  ${REPEATED}  return total;\n}\n`,
}));
const runner = new NgramRunner(new NgramModel(FILES));
const signal = new AbortController().signal;
const run = (hole: Partial<RunnableHole>) =>
  runner.run(
    {
      ...{ repository: 'r', path: 'src/new.ts', language: 'typescript', kind: 'line_rest' },
      ...{ prefix: 'function f(values) {\n  const total = ', middle: 'sum(values) / values.length;' },
      suffix: '\n}\n',
      ...hole,
    },
    [],
    signal,
  );

describe('NgramRunner', () => {
  it('writes what the repository repeats, as one variant without context', async () => {
    const { variants, tokens } = await run({});
    expect(variants).toHaveLength(1);
    expect(variants[0]).toMatchObject({ chunks: 0, contextTokens: 0, contextMs: 0 });
    expect(variants[0].completion?.text).toBe('sum(values) / values.length;');
    expect(variants[0].completion?.generatedTokens).toBe(tokens.target);
  });

  it('does not read the truth to complete', async () => {
    const other = await run({ middle: 'quite.another(thing);' });
    expect(other.variants[0].completion?.text).toBe('sum(values) / values.length;');
  });

  it('finds what the repository repeats likelier than what it has never seen', async () => {
    const likelihood = async (middle: string) => (await run({ middle })).variants[0].logLikelihood;
    const repeated = await likelihood('sum(values) / values.length;');
    const strange = await likelihood('zug(walrus) ^ walrus.gloom;');
    expect(repeated).toBeLessThan(0);
    expect(repeated).toBeGreaterThan(strange + 1);
  });

  it('counts the word that the cursor stands in as one token of the truth', async () => {
    const { tokens: whole } = await run({ prefix: 'const total = ', middle: 'sum(values);' });
    const { tokens: begun } = await run({ prefix: 'const total = su', middle: 'm(values);' });
    expect(begun.target).toBe(whole.target);
  });

  it('stops where the work was given up', async () => {
    const aborted = AbortSignal.abort();
    const hole = {
      repository: 'r',
      path: 'a',
      language: '',
      kind: 'line',
      prefix: '',
      middle: 'a',
      suffix: '',
    };
    await expect(runner.run(hole as RunnableHole, [], aborted)).rejects.toThrow(/cancelled/);
  });
});

describe('describeNgramRun', () => {
  it('is the same each time: its labels may be added to', () => {
    expect(describeNgramRun()).toEqual(describeNgramRun());
    expect(describeNgramRun().family).toBe('n-gram');
  });
});
