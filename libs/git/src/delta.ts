import { CorruptObject } from './object-errors.js';

export interface DeltaSizes {
  readonly baseBytes: number;
  readonly resultBytes: number;
  /** Where the instructions begin. */
  readonly start: number;
}

/** Reads the two sizes a delta begins with. */
export function readDeltaSizes(delta: Buffer): DeltaSizes {
  const base = readVarint(delta, 0);
  const result = readVarint(delta, base.end);
  return { baseBytes: base.value, resultBytes: result.value, start: result.end };
}

/** Little-endian base-128 number; arithmetic instead of shifts because sizes may exceed 2^32. */
function readVarint(buffer: Buffer, start: number): { value: number; end: number } {
  let value = 0;
  let scale = 1;
  for (let end = start; end < buffer.length && scale <= 2 ** 49; scale *= 128) {
    const byte = buffer[end++]!;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return { value, end };
  }
  throw new CorruptObject('a delta has a damaged header');
}

/**
 * Applies a git delta. Every copy and insert is checked against its buffer.
 * @throws CorruptObject when the delta does not fit its base or does not yield its declared size.
 */
export function applyDelta(base: Buffer, delta: Buffer): Buffer {
  const { baseBytes, resultBytes, start } = readDeltaSizes(delta);
  if (baseBytes !== base.length) throw new CorruptObject('a delta does not fit its base');
  const result = Buffer.allocUnsafe(resultBytes);
  let from = start;
  let to = 0;
  while (from < delta.length) {
    const command = delta[from++]!;
    if (command & 0x80) {
      let offset = 0;
      let size = 0;
      for (let bit = 0; bit < 4; bit++) if (command & (1 << bit)) offset += delta[from++]! * 256 ** bit;
      for (let bit = 0; bit < 3; bit++) if (command & (16 << bit)) size += delta[from++]! * 256 ** bit;
      size ||= 0x10000;
      // A truncated instruction makes `offset` or `size` NaN, which fails these comparisons as well.
      if (!(offset + size <= baseBytes && to + size <= resultBytes)) {
        throw new CorruptObject('a delta copies beyond its bounds');
      }
      base.copy(result, to, offset, offset + size);
      to += size;
    } else {
      if (command === 0 || from + command > delta.length || to + command > resultBytes) {
        throw new CorruptObject('a delta inserts beyond its bounds');
      }
      delta.copy(result, to, from, from + command);
      from += command;
      to += command;
    }
  }
  if (to !== resultBytes) throw new CorruptObject('a delta yields another size than declared');
  return result;
}
