import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LanguageModel } from '@repoformer/domain';
import { ModelStore, selectTokensOf } from '@repoformer/models';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pythonRepository } from '../holes/fixtures.js';
import { holeOf } from '../label/testing.js';
import { openLabelModel } from '../label/open-label-model.js';
import { countTokens, coverage, greatestShares, type TokenCounts } from './count-tokens.js';

const SIZE = 1_024;
const { signal } = new AbortController();
const texts = pythonRepository().map(({ text }) => text);
const holes = texts.map((prefix, at) => ({ ...holeOf(at), prefix }));

/** The nano model with the tokens that a small repository needs. */
let directory: string;
let whole: LanguageModel;
let pruned: LanguageModel;
let counts: TokenCounts;
let kept: ReadonlyMap<number, string>;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'repoformer-pruned-'));
  const open = async (model: string) =>
    (await openLabelModel({ model, modelsDirectory: directory, threads: 1, signal })).model;
  whole = await open('repoformer-nano');
  counts = await countTokens(holes, { model: whole, signal });
  const store = await ModelStore.open({ modelsDirectory: directory });
  const { path } = await store.locate('repoformer-nano');
  kept = await selectTokensOf(path, greatestShares(counts), SIZE);
  const vocabulary = join(directory, 'tokens.txt');
  await writeFile(vocabulary, `${[...kept.values()].join('\n')}\n`);
  await store.merge('repoformer-nano', { name: 'pruned', vocabulary });
  pruned = await open('pruned');
});
afterAll(async () => {
  await whole.close();
  await pruned.close();
  await rm(directory, { recursive: true, force: true });
});

const encode = async (model: LanguageModel, text: string) => (await model.tokenize([text], signal))[0]!;
async function spell(model: LanguageModel, text: string): Promise<string[]> {
  const bytes = await model.tokenBytes(await encode(model, text), signal);
  return bytes.map((each) => Buffer.from(each).toString('latin1'));
}

describe('a model with the tokens that its text needs', () => {
  it('is smaller, and reads and rates that text as before', async () => {
    expect(whole.info.vocabularySize).toBe(8_192);
    expect(pruned.info.vocabularySize).toBeLessThanOrEqual(SIZE);
    expect(pruned.info.fileBytes).toBeLessThan(0.8 * whole.info.fileBytes);
    for (const text of texts) expect(await spell(pruned, text)).toEqual(await spell(whole, text));
    const rate = async (model: LanguageModel) => {
      const lane = await model.acquire({ priority: 'completion', signal });
      const marker = (name: string) => model.info.specialTokens[name]!;
      const tokens = Int32Array.from([
        marker('<fim_prefix>'),
        ...(await encode(model, texts[0]!)),
        marker('<fim_suffix>'),
        marker('<fim_middle>'),
      ]);
      const found = await lane.logProbabilities(tokens.slice(0, 120), { from: 1, signal });
      lane.release();
      return found;
    };
    const [before, after] = [await rate(whole), await rate(pruned)];
    // Fewer tokens share what is likely: none that is left becomes less so.
    for (const [at, each] of after.entries()) expect(each).toBeGreaterThan(before[at]! - 1e-2);
  });

  it('spells what it has no token for', async () => {
    for (const text of ['naïve 日本 𝔘', 'zygomorphicQuixotry = 98765']) {
      const parts = await spell(pruned, text);
      expect(Buffer.from(parts.join(''), 'latin1').toString()).toBe(text);
      expect(parts.length).toBeGreaterThan((await spell(whole, text)).length);
    }
  });
});

describe('countTokens', () => {
  it('counts each file once, by language, with its context', async () => {
    const chunk = { path: 'b.py', startLine: 0, endLine: 1, score: 0.5, text: 'area' };
    const once = { ...holeOf(1), prefix: 'x', middle: 'y', suffix: '' };
    const twice = { ...once, id: 'other' };
    const shell = { ...holeOf(2), language: 'shell', prefix: 'x', middle: 'y', suffix: '' };
    const withContext = { ...shell, context: { ...shell.context, chunks: [chunk] } };
    const found = await countTokens([once, twice, withContext], { model: whole, signal });
    const total = (language: string) => found.get(language)!.reduce((sum, count) => sum + count, 0);
    const [alone, context] = [(await encode(whole, 'xy')).length, (await encode(whole, 'area')).length];
    expect([total('python'), total('shell')]).toEqual([alone, alone + context]);
  });

  it('says what share of each language tokens cover', () => {
    const made = new Map([
      ['a', Float64Array.of(1, 0, 3)],
      ['b', Float64Array.of(1, 1, 0)],
    ]);
    expect([...greatestShares(made)]).toEqual([0.5, 0.5, 0.75]);
    expect([...coverage(made, (token) => token !== 0)]).toEqual([
      ['a', 0.75],
      ['b', 0.5],
    ]);
    for (const share of coverage(counts, (token) => kept.has(token)).values()) expect(share).toBe(1);
  });
});
