import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSandbox, type Sandbox } from '../testing.js';
import { openGguf } from './gguf-file.js';
import { mergeAdapters } from './merge-adapters.js';
import { dequantise, quantise, tensorTypeOf } from './tensor-types.js';
import {
  float32,
  randomNumbers as random,
  writeTestGguf as write,
  type TestTensor as Given,
} from './testing.js';
import { textField } from './write-gguf.js';

const WIDTH = 64;
const ROWS = 40;
const RANK = 3;
const ALPHA = 6;

async function read(path: string): Promise<Record<string, Given>> {
  const file = await openGguf(path);
  try {
    const found: Record<string, Given> = {};
    for (const { name, shape, type, start, sizeBytes } of file.tensors) {
      const values = new Float32Array(shape.reduce((product, each) => product * each, 1));
      dequantise(tensorTypeOf(type)!, await file.read(start, sizeBytes), values);
      found[name] = { shape, type, values };
    }
    return found;
  } finally {
    await file.close();
  }
}

describe('mergeAdapters', () => {
  let sandbox: Sandbox;
  let base: string;
  let adapter: string;
  let target: string;
  const matrix: Given = { shape: [WIDTH, ROWS], type: 0, values: random(WIDTH * ROWS) };
  const other: Given = { shape: [WIDTH, ROWS], type: 8, values: random(WIDTH * ROWS) };
  const vector: Given = { shape: [7], type: 0, values: random(7) };
  const a: Given = { shape: [WIDTH, RANK], type: 1, values: random(WIDTH * RANK) };
  const b: Given = { shape: [RANK, ROWS], type: 0, values: random(RANK * ROWS) };
  const loraFields = {
    'general.type': textField('adapter'),
    'general.architecture': textField('llama'),
    'adapter.type': textField('lora'),
    'adapter.lora.alpha': float32(ALPHA),
    'repoformer.training_card': textField('{"schema":1}'),
  };
  const lora = { 'm.weight.lora_a': a, 'm.weight.lora_b': b };

  beforeAll(async () => {
    sandbox = await createSandbox();
    [base, adapter, target] = ['base', 'adapter', 'target'].map((name) =>
      join(sandbox.root, `${name}.gguf`),
    ) as [string, string, string];
  });
  afterAll(() => sandbox.remove());
  beforeEach(async () => {
    await rm(target, { force: true });
    await write(
      base,
      { 'general.architecture': textField('llama'), 'general.name': textField('before'), 'x.y': float32(2) },
      { 'm.weight': matrix, 'o.weight': other, v: vector },
    );
    await write(adapter, loraFields, lora);
  });

  /** The sum in plain loops. */
  function expected(values: Float32Array, scales: readonly number[]): number[] {
    const halved = new Float32Array(a.values.length);
    dequantise(tensorTypeOf(1)!, quantise(tensorTypeOf(1)!, a.values), halved);
    return Array.from(values, (value, at) => {
      const [row, column] = [Math.floor(at / WIDTH), at % WIDTH];
      let product = 0;
      for (let k = 0; k < RANK; k++) product += b.values[row * RANK + k]! * halved[k * WIDTH + column]!;
      return value + scales.reduce((sum, scale) => sum + product * (ALPHA / RANK) * scale, 0);
    });
  }
  const close = (found: Float32Array, values: readonly number[], error: number) =>
    expect(Math.max(...values.map((value, i) => Math.abs(value - found[i]!)))).toBeLessThan(error);

  it('adds the product to its matrix, and copies the rest', async () => {
    const told: number[] = [];
    await mergeAdapters(base, [{ path: adapter, scale: 0.5 }], target, {
      name: 'after',
      onBytes: (done, total) => told.push(done, total),
    });
    const tensors = await read(target);
    const before = await read(base);
    expect(Object.keys(tensors)).toEqual(['m.weight', 'o.weight', 'v']);
    close(tensors['m.weight']!.values, expected(matrix.values, [0.5]), 1e-5);
    expect(tensors['o.weight']).toEqual(before['o.weight']);
    expect(tensors['v']).toEqual(before['v']);
    expect(told.at(-1)).toBe(told.at(-2));
    const file = await openGguf(target);
    expect(file.fields.map(({ key }) => key)).toEqual([
      ...['general.architecture', 'general.name', 'x.y', 'repoformer.training_card'],
    ]);
    expect(file.value('general.name')).toBe('after');
    await file.close();
  });

  it('adds several, and writes the type that is asked for', async () => {
    const both = [
      { path: adapter, scale: 1 },
      { path: adapter, scale: -0.25 },
    ];
    await mergeAdapters(base, both, target, { name: 'x', type: 'q8_0' });
    const { 'm.weight': sum, 'o.weight': same } = await read(target);
    expect([sum!.type, same!.type]).toEqual([8, 8]);
    close(sum!.values, expected(matrix.values, [1, -0.25]), 0.06);
  });

  it.each<[string, Record<string, Uint8Array>, Record<string, Given>, RegExp]>([
    [
      'of another architecture',
      { ...loraFields, 'general.architecture': textField('qwen2') },
      lora,
      /is for qwen2/,
    ],
    ['that is none', { ...loraFields, 'adapter.type': textField('other') }, lora, /no LoRA/],
    [
      'of another width',
      loraFields,
      { ...lora, 'm.weight.lora_a': { ...a, shape: [32, 2 * RANK] } },
      /does not fit/,
    ],
    ['of another model', loraFields, { 'n.weight.lora_a': a, 'n.weight.lora_b': b }, /does not fit/],
    ['with half a pair', loraFields, { 'm.weight.lora_b': b }, /other tensors/],
  ])('refuses an adapter %s, and leaves nothing', async (_, fields, tensors, message) => {
    await write(adapter, fields, tensors);
    const merge = mergeAdapters(base, [{ path: adapter, scale: 1 }], target, { name: 'x' });
    await expect(merge).rejects.toMatchObject({
      reason: 'MODEL_INVALID',
      message: expect.stringMatching(message) as string,
    });
    await expect(openGguf(target)).rejects.toMatchObject({ reason: 'MODEL_NOT_FOUND' });
  });

  it('says when a file is cut off', async () => {
    const whole = await readFile(base);
    for (const length of [40, 200, whole.length - 5]) {
      await writeFile(base, whole.subarray(0, length));
      const merge = mergeAdapters(base, [{ path: adapter, scale: 1 }], target, { name: 'x' });
      await expect(merge).rejects.toMatchObject({ reason: 'MODEL_INVALID' });
    }
  });
});
