import { rm } from 'node:fs/promises';
import { quantise, tensorTypeOf } from './tensor-types.js';
import { writeGguf } from './write-gguf.js';

let seed = 1;
/** Numbers between -1 and 1, the same each time a test runs. */
export const randomNumbers = (count: number) =>
  Float32Array.from({ length: count }, () => {
    seed = (seed * 48271) % 2147483647;
    return (2 * seed) / 2147483647 - 1;
  });

/** A field of a GGUF file. */
export const float32 = (value: number) => {
  const field = Buffer.alloc(8);
  field.writeUInt32LE(6);
  field.writeFloatLE(value, 4);
  return field;
};

export interface TestTensor {
  readonly shape: readonly number[];
  readonly type: number;
  readonly values: Float32Array;
}

/** A GGUF file of these fields and tensors. */
export async function writeTestGguf(
  path: string,
  fields: Readonly<Record<string, Uint8Array>>,
  tensors: Readonly<Record<string, TestTensor>>,
): Promise<void> {
  await rm(path, { force: true });
  await writeGguf(path, {
    alignment: 32,
    fields: new Map(Object.entries(fields)),
    tensors: Object.entries(tensors).map(([name, { shape, type, values }]) => {
      const bytes = quantise(tensorTypeOf(type)!, values);
      return {
        ...{ name, shape, type, sizeBytes: bytes.length },
        async *data() {
          yield await Promise.resolve(bytes);
        },
      };
    }),
  });
}
