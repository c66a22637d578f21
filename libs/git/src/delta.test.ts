import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyDelta, readDeltaSizes } from './delta.js';
import { CorruptObject } from './object-errors.js';

const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];

/** A copy instruction with all seven operand bytes written out. */
const copy = (offset: number, size: number): number[] => [
  0xff,
  ...[0, 8, 16, 24].map((bits) => (offset >>> bits) & 255),
  ...[0, 8, 16].map((bits) => (size >>> bits) & 255),
];

describe('applyDelta', () => {
  it('does what the instructions say', () => {
    const step = fc.oneof(
      fc.record({ insert: fc.uint8Array({ minLength: 1, maxLength: 127 }) }),
      fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), size: fc.integer({ min: 1, max: 300 }) }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 400, maxLength: 900 }), fc.array(step), (bytes, steps) => {
        const base = Buffer.from(bytes);
        const expected: Buffer[] = [];
        const body: number[] = [];
        for (const one of steps) {
          if ('insert' in one) {
            body.push(one.insert.length, ...one.insert);
            expected.push(Buffer.from(one.insert));
          } else {
            const offset = Math.floor(one.at * (base.length - one.size));
            body.push(...copy(offset, one.size));
            expected.push(base.subarray(offset, offset + one.size));
          }
        }
        const result = Buffer.concat(expected);
        const delta = Buffer.from([...varint(base.length), ...varint(result.length), ...body]);
        expect(readDeltaSizes(delta)).toMatchObject({ baseBytes: base.length, resultBytes: result.length });
        expect(applyDelta(base, delta).equals(result)).toBe(true);
      }),
      { seed: 11 },
    );
  });

  it('copies 64 KiB when no size is given', () => {
    const base = Buffer.alloc(0x10000, 'x');
    expect(applyDelta(base, Buffer.from([...varint(0x10000), ...varint(0x10000), 0x80])).equals(base)).toBe(
      true,
    );
  });

  it.each([
    ['another base', [5, 1, 1, 65]],
    ['a copy beyond the base', [4, 4, 0x91, 2, 4]],
    ['a copy beyond the result', [4, 2, 0x90, 4]],
    ['a truncated copy', [4, 4, 0x91]],
    ['a truncated insert', [4, 4, 4, 65]],
    ['a reserved instruction', [4, 1, 0]],
    ['too short a result', [4, 4, 1, 65]],
    ['no end of its size', [255, 255, 255, 255, 255, 255, 255, 255, 255, 255]],
    ['nothing', []],
  ])('refuses %s', (_, bytes) => {
    expect(() => applyDelta(Buffer.from('base'), Buffer.from(bytes))).toThrow(CorruptObject);
  });

  it('throws nothing but CorruptObject on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const delta = Buffer.from([4, 8, ...bytes]);
        try {
          expect(applyDelta(Buffer.from('base'), delta)).toHaveLength(8);
        } catch (error) {
          expect(error).toBeInstanceOf(CorruptObject);
        }
      }),
      { seed: 12, numRuns: 500 },
    );
  });
});
