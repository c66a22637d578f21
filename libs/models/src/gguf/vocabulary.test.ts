import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSandbox, type Sandbox } from '../testing.js';
import { openGguf, type GgufFile } from './gguf-file.js';
import { mergeAdapters } from './merge-adapters.js';
import { dequantise, tensorTypeOf } from './tensor-types.js';
import { randomNumbers, writeTestGguf, type TestTensor } from './testing.js';
import { writeNumbers, writeStrings, readVocabulary, selectTokens, uint32Field } from './vocabulary.js';
import { textField } from './write-gguf.js';

const WIDTH = 64;
/** `abc` is made of `ab` and `c`, `bcd` of `b` and `cd`; `xyz` by no merges. */
const TOKENS = ['a', 'b', 'c', 'd', 'ab', 'cd', 'abc', 'bcd', 'xyz', '<end>', '[PAD]'];
const TYPES = [1, 1, 1, 1, 1, 1, 1, 1, 1, 3, 5];
const MERGES = ['a b', 'c d', 'ab c', 'b cd'];
const VOCABULARY = { tokens: TOKENS, types: TYPES, merges: MERGES };

/** What BPE makes of a word: the plain loop. */
function encode(word: string, merges: readonly string[]): string[] {
  const parts = [...word];
  for (;;) {
    const ranks = parts.slice(1).map((right, at) => merges.indexOf(`${parts[at]!} ${right}`));
    const possible = ranks.filter((rank) => rank >= 0);
    if (possible.length === 0) return parts;
    parts.splice(
      ranks.indexOf(Math.min(...possible)),
      2,
      ...[merges[Math.min(...possible)]!.replace(' ', '')],
    );
  }
}

describe('selectTokens', () => {
  const select = (weights: Record<string, number>, size: number) =>
    selectTokens(
      VOCABULARY,
      TOKENS.map((token) => weights[token] ?? 0),
      size,
    ).map((id) => TOKENS[id]);

  it('keeps single bytes, and the greatest weights with what they are made of', () => {
    expect(select({ abc: 2, bcd: 1 }, 7)).toEqual(['a', 'b', 'c', 'd', 'ab', 'abc']);
    expect(select({ abc: 1, bcd: 2 }, 7)).toEqual(['a', 'b', 'c', 'd', 'cd', 'bcd']);
  });

  it('keeps no more than fit beside the markers, and none that nothing makes or needs', () => {
    expect(select({ abc: 2, cd: 1 }, 6)).toEqual(['a', 'b', 'c', 'd', 'cd']);
    expect(select({ xyz: 9, ab: 1 }, 100)).toEqual(['a', 'b', 'c', 'd', 'ab']);
    expect(select({}, 0)).toEqual(['a', 'b', 'c', 'd']);
  });
});

describe('a model with fewer tokens', () => {
  let sandbox: Sandbox;
  let [base, target]: string[] = [];
  const matrix = (): TestTensor => ({
    ...{ shape: [WIDTH, TOKENS.length], type: 8 },
    values: randomNumbers(WIDTH * TOKENS.length),
  });
  const embedding = matrix();
  const plain = { shape: [WIDTH, 2], type: 0, values: randomNumbers(2 * WIDTH) };
  const fields = {
    'general.architecture': textField('llama'),
    'llama.vocab_size': uint32Field(TOKENS.length),
    'tokenizer.ggml.tokens': writeStrings(TOKENS),
    'tokenizer.ggml.token_type': writeNumbers(TYPES),
    'tokenizer.ggml.merges': writeStrings(MERGES),
    'tokenizer.ggml.eos_token_id': uint32Field(9),
  };
  const kept = ['a', 'b', 'c', 'd', 'ab', 'abc'];

  beforeAll(async () => {
    sandbox = await createSandbox();
    base = join(sandbox.root, 'base.gguf');
  });
  afterAll(() => sandbox.remove());
  let number = 0;
  async function prune(tensors: Record<string, TestTensor>, tokens: readonly string[], own = {}) {
    await writeTestGguf(base!, { ...fields, ...own }, tensors);
    target = join(sandbox.root, `target-${number++}.gguf`);
    await mergeAdapters(base!, [], target, { name: 'small', tokens });
    return openGguf(target);
  }
  async function rows(file: GgufFile, name: string): Promise<number[][]> {
    const { type, start, sizeBytes, shape } = file.tensors.find((tensor) => tensor.name === name)!;
    const values = new Float32Array(shape[0]! * shape[1]!);
    dequantise(tensorTypeOf(type)!, await file.read(start, sizeBytes), values);
    return Array.from({ length: shape[1]! }, (_, row) => [...values.slice(row * WIDTH, (row + 1) * WIDTH)]);
  }

  it('has the rows, merges and places of those that stay', async () => {
    const file = await prune({ 'token_embd.weight': embedding, 'm.weight': plain }, kept);
    const before = await openGguf(base!);
    const vocabulary = await readVocabulary(file);
    expect(vocabulary).toEqual({
      tokens: [...kept, '<end>'],
      types: [1, 1, 1, 1, 1, 1, 3],
      merges: ['a b', 'ab c'],
    });
    const all = await rows(before, 'token_embd.weight');
    expect(await rows(file, 'token_embd.weight')).toEqual([0, 1, 2, 3, 4, 6, 9].map((id) => all[id]));
    expect(await rows(file, 'm.weight')).toEqual(await rows(before, 'm.weight'));
    for (const [key, value] of [
      ['tokenizer.ggml.eos_token_id', 6],
      ['llama.vocab_size', 7],
    ] as const) {
      const field = file.fields.find((each) => each.key === key)!;
      expect((await file.read(field.start, 8)).readUInt32LE(4)).toBe(value);
    }
    for (const word of ['abc', 'abcd', 'bcd', 'dcba', 'ababc']) {
      const [full, fewer] = [encode(word, MERGES), encode(word, vocabulary.merges)];
      if (full.every((token) => kept.includes(token))) expect(fewer).toEqual(full);
      expect(fewer.every((token) => vocabulary.tokens.includes(token))).toBe(true);
    }
    await Promise.all([file.close(), before.close()]);
  });

  it('has one matrix where two are the same, and two where they are not', async () => {
    const same = { 'token_embd.weight': { ...embedding, type: 2 }, 'output.weight': embedding };
    const tied = await prune(same, kept);
    expect(tied.tensors.map(({ name, type }) => [name, type])).toEqual([['token_embd.weight', 8]]);
    await tied.close();
    const untied = await prune({ 'token_embd.weight': embedding, 'output.weight': matrix() }, kept);
    expect(untied.tensors.map(({ name, shape }) => [name, shape[1]])).toEqual([
      ['token_embd.weight', 7],
      ['output.weight', 7],
    ]);
    await untied.close();
  });

  it('keeps a token that the file names for a purpose', async () => {
    const own = { 'tokenizer.ggml.padding_token_id': uint32Field(10) };
    const file = await prune({ 'token_embd.weight': embedding }, kept, own);
    expect((await readVocabulary(file)).tokens).toEqual([...kept, '<end>', '[PAD]']);
    await file.close();
  });

  it.each<[string, Record<string, TestTensor>, readonly string[], object, RegExp]>([
    ['tokens of another model', { 'token_embd.weight': embedding }, [...kept, 'zz'], {}, /no token "zz"/],
    ['no table', { 'm.weight': plain }, kept, {}, /no token_embd/],
    ['a table of too few rows', { 'token_embd.weight': plain }, kept, {}, /fewer rows/],
    [
      'a purpose that no token has',
      { 'token_embd.weight': embedding },
      kept,
      { 'tokenizer.ggml.eos_token_id': uint32Field(99) },
      /token 99/,
    ],
    [
      'another kind of vocabulary',
      { 'token_embd.weight': embedding },
      kept,
      { 'tokenizer.ggml.merges': textField('none') },
      /not in the form/,
    ],
  ])('refuses %s, and leaves nothing', async (_, tensors, tokens, own, message) => {
    await expect(prune(tensors, tokens, own)).rejects.toMatchObject({
      reason: 'MODEL_INVALID',
      message: expect.stringMatching(message) as string,
    });
    await expect(openGguf(target!)).rejects.toMatchObject({ reason: 'MODEL_NOT_FOUND' });
  });
});
