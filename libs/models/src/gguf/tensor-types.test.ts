import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { halfTable, toBrain, toHalf } from './half-float.js';
import { dequantise, quantise, tensorTypeOf, writableType } from './tensor-types.js';

/** Random blocks, and what the reference implementation in Python reads and writes. */
const fixture = JSON.parse(readFileSync(new URL('tensor-types.fixture.json', import.meta.url), 'utf8')) as {
  readonly read: readonly { type: number; name: string; bytes: string; values: readonly number[] }[];
  readonly values: readonly number[];
  readonly written: readonly { type: number; name: string; bytes: string }[];
};

describe('tensor types', () => {
  it.each(fixture.read.map((each) => [each.name, each] as const))(
    'reads %s',
    (name, { type, bytes, values }) => {
      const found = tensorTypeOf(type)!;
      expect(found.name).toBe(name);
      const read = new Float32Array(values.length);
      dequantise(found, Buffer.from(bytes, 'hex'), read);
      for (const [i, value] of values.entries()) expect(read[i]).toBeCloseTo(value, 5);
    },
  );

  it.each(fixture.written.map((each) => [each.name, each] as const))('writes %s', (_, { type, bytes }) => {
    const written = quantise(tensorTypeOf(type)!, Float32Array.from(fixture.values));
    expect(Buffer.from(written).toString('hex')).toBe(bytes);
  });

  it('writes what it can, and rows of any length', () => {
    const nameOf = (type: number, values: number) => writableType(tensorTypeOf(type)!, values).name;
    expect(nameOf(6, 896)).toBe('Q5_0');
    expect(nameOf(12, 4864)).toBe('Q8_0');
    expect(nameOf(6, 100)).toBe('F16');
  });
});

describe('half precision', () => {
  it('is what it stands for', () => {
    for (const [half, value] of halfTable().entries()) {
      if (!Number.isNaN(value)) expect(toHalf(value)).toBe(half);
    }
    expect(halfTable()[toHalf(NaN)]).toBeNaN();
    expect([1, -2, 65504, 2 ** -24].map(toHalf)).toEqual([0x3c00, 0xc000, 0x7bff, 1]);
  });

  it('is the nearest, and of two the even one', () => {
    const table = halfTable();
    for (let half = 0; half < 0x7bff; half += 13) {
      const [low, high] = [table[half]!, table[half + 1]!];
      const middle = (low + high) / 2;
      expect(toHalf(middle)).toBe(half % 2 === 0 ? half : half + 1);
      expect(toHalf(low + (high - low) * 0.49)).toBe(half);
      expect(toHalf(-(low + (high - low) * 0.51))).toBe((half + 1) | 0x8000);
    }
    expect([65519, 65520, 1e9, 1e-9].map(toHalf)).toEqual([0x7bff, 0x7c00, 0x7c00, 0]);
  });

  it('cuts single precision to its upper half', () => {
    expect([1, 1 + 2 ** -8, 1 + 3 * 2 ** -8, -3.5].map(toBrain)).toEqual([0x3f80, 0x3f80, 0x3f82, 0xc060]);
    expect(toBrain(NaN) & 0x7fc0).toBe(0x7fc0);
  });
});
