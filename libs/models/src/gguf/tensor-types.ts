import { halfTable, toBrain, toHalf } from './half-float.js';

/** How a kind of tensor is laid out: rows of blocks. The layouts are those of ggml. */
export interface TensorType {
  readonly id: number;
  readonly name: string;
  readonly blockValues: number;
  readonly blockBytes: number;
  /** Reads one block. */
  readonly read: (from: DataView, at: number, into: Float32Array, place: number) => void;
  /** Writes one block; absent: a type that is only read. */
  readonly write?: (values: Float32Array, place: number, into: DataView, at: number) => void;
}

const BLOCK = 32;
const SUPER_BLOCK = 256;

const halfAt = (view: DataView, at: number): number => halfTable()[view.getUint16(at, true)]!;

const F32: TensorType = {
  ...{ id: 0, name: 'F32', blockValues: 1, blockBytes: 4 },
  read: (from, at, into, place) => {
    into[place] = from.getFloat32(at, true);
  },
  write: (values, place, into, at) => into.setFloat32(at, values[place]!, true),
};

const F16: TensorType = {
  ...{ id: 1, name: 'F16', blockValues: 1, blockBytes: 2 },
  read: (from, at, into, place) => {
    into[place] = halfAt(from, at);
  },
  write: (values, place, into, at) => into.setUint16(at, toHalf(values[place]!), true),
};

const brain = new DataView(new ArrayBuffer(4));
const BF16: TensorType = {
  ...{ id: 30, name: 'BF16', blockValues: 1, blockBytes: 2 },
  read: (from, at, into, place) => {
    brain.setUint16(2, from.getUint16(at, true), true);
    into[place] = brain.getFloat32(0, true);
  },
  write: (values, place, into, at) => into.setUint16(at, toBrain(values[place]!), true),
};

/** Of 4 or 5 bits: a scale, where `hasLeast` the least value, a fifth bit of each, four bits of each. */
function smallType(id: number, name: string, bitCount: 4 | 5, hasLeast: boolean): TensorType {
  const highAt = hasLeast ? 4 : 2;
  const lowAt = highAt + (bitCount === 5 ? 4 : 0);
  const half = 2 ** (bitCount - 1);
  const type: TensorType = {
    ...{ id, name, blockValues: BLOCK, blockBytes: lowAt + BLOCK / 2 },
    read(from, at, into, place) {
      const scale = halfAt(from, at);
      const least = hasLeast ? halfAt(from, at + 2) : -half * scale;
      const high = bitCount === 5 ? from.getUint32(at + highAt, true) : 0;
      for (let i = 0; i < BLOCK / 2; i++) {
        const low = from.getUint8(at + lowAt + i);
        into[place + i] = ((low & 15) | (((high >>> i) & 1) << 4)) * scale + least;
        into[place + i + 16] = ((low >> 4) | (((high >>> (i + 16)) & 1) << 4)) * scale + least;
      }
    },
  };
  if (hasLeast) return type;
  return {
    ...type,
    write(values, place, into, at) {
      let largest = 0;
      for (let i = 0; i < BLOCK; i++) {
        if (Math.abs(values[place + i]!) > Math.abs(largest)) largest = values[place + i]!;
      }
      const scale = largest / -half;
      const inverse = scale === 0 ? 0 : 1 / scale;
      const whole = (i: number) =>
        Math.min(2 * half - 1, Math.trunc(values[place + i]! * inverse + half + 0.5));
      into.setUint16(at, toHalf(scale), true);
      let high = 0;
      for (let i = 0; i < BLOCK / 2; i++) {
        const [one, other] = [whole(i), whole(i + 16)];
        into.setUint8(at + lowAt + i, (one & 15) | ((other & 15) << 4));
        high |= ((one >> 4) << i) | ((other >> 4) << (i + 16));
      }
      if (bitCount === 5) into.setUint32(at + highAt, high >>> 0, true);
    },
  };
}

const Q8_0: TensorType = {
  ...{ id: 8, name: 'Q8_0', blockValues: BLOCK, blockBytes: 2 + BLOCK },
  read(from, at, into, place) {
    const scale = halfAt(from, at);
    for (let i = 0; i < BLOCK; i++) into[place + i] = from.getInt8(at + 2 + i) * scale;
  },
  write(values, place, into, at) {
    let largest = 0;
    for (let i = 0; i < BLOCK; i++) largest = Math.max(largest, Math.abs(values[place + i]!));
    const scale = largest / 127;
    const inverse = scale === 0 ? 0 : 1 / scale;
    into.setUint16(at, toHalf(scale), true);
    for (let i = 0; i < BLOCK; i++) {
      const exact = values[place + i]! * inverse;
      into.setInt8(at + 2 + i, Math.sign(exact) * Math.round(Math.abs(exact)));
    }
  },
};

/** Q4_K and Q5_K: eight groups of 32, each with a scale and a least value of six bits. */
function groupedType(id: number, name: string, bitCount: 4 | 5): TensorType {
  const highAt = 16;
  const lowAt = highAt + (bitCount === 5 ? 32 : 0);
  return {
    ...{ id, name, blockValues: SUPER_BLOCK, blockBytes: lowAt + SUPER_BLOCK / 2 },
    read(from, at, into, place) {
      const [scale, least] = [halfAt(from, at), halfAt(from, at + 2)];
      const packed = (i: number) => from.getUint8(at + 4 + i);
      for (let group = 0; group < 8; group++) {
        const isEarly = group < 4;
        const scaleBits = isEarly
          ? packed(group) & 63
          : (packed(group + 4) & 15) | ((packed(group - 4) >> 6) << 4);
        const leastBits = isEarly
          ? packed(group + 4) & 63
          : (packed(group + 4) >> 4) | ((packed(group) >> 6) << 4);
        const [step, below] = [scale * scaleBits, least * leastBits];
        for (let i = 0; i < 32; i++) {
          const low = from.getUint8(at + lowAt + (group >> 1) * 32 + i);
          const nibble = (group & 1) === 0 ? low & 15 : low >> 4;
          const fifth = bitCount === 5 ? ((from.getUint8(at + highAt + i) >> group) & 1) << 4 : 0;
          into[place + group * 32 + i] = step * (nibble | fifth) - below;
        }
      }
    },
  };
}

const Q6_K: TensorType = {
  ...{ id: 14, name: 'Q6_K', blockValues: SUPER_BLOCK, blockBytes: 210 },
  read(from, at, into, place) {
    const scale = halfAt(from, at + 208);
    for (let half = 0; half < 2; half++) {
      for (let quarter = 0; quarter < 4; quarter++) {
        for (let i = 0; i < 32; i++) {
          const low = from.getUint8(at + half * 64 + (quarter & 1) * 32 + i);
          const nibble = quarter < 2 ? low & 15 : low >> 4;
          const high = (from.getUint8(at + 128 + half * 32 + i) >> (2 * quarter)) & 3;
          const groupScale = from.getInt8(at + 192 + half * 8 + quarter * 2 + (i >> 4));
          into[place + half * 128 + quarter * 32 + i] = scale * groupScale * ((nibble | (high << 4)) - 32);
        }
      }
    }
  },
};

const TYPES: readonly TensorType[] = [
  ...[F32, F16, BF16, Q8_0, Q6_K],
  ...[smallType(2, 'Q4_0', 4, false), smallType(3, 'Q4_1', 4, true)],
  ...[smallType(6, 'Q5_0', 5, false), smallType(7, 'Q5_1', 5, true)],
  ...[groupedType(12, 'Q4_K', 4), groupedType(13, 'Q5_K', 5)],
];

/** A type by ggml's number; undefined for those that are not read here. */
export function tensorTypeOf(id: number): TensorType | undefined {
  return TYPES.find((type) => type.id === id);
}

/** Reads whole blocks. `bytes` holds exactly those of `values`. */
export function dequantise(type: TensorType, bytes: Uint8Array, values: Float32Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let block = 0; block * type.blockValues < values.length; block++) {
    type.read(view, block * type.blockBytes, values, block * type.blockValues);
  }
}

/** Writes whole blocks, as ggml does. The type must have a `write`. */
export function quantise(type: TensorType, values: Float32Array): Uint8Array {
  const bytes = new Uint8Array((values.length / type.blockValues) * type.blockBytes);
  const view = new DataView(bytes.buffer);
  for (let block = 0; block * type.blockValues < values.length; block++) {
    type.write!(values, block * type.blockValues, view, block * type.blockBytes);
  }
  return bytes;
}

/** What a changed tensor is stored as: its own type where that can be written and fits the row, else Q8_0 or F16. */
export function writableType(wanted: TensorType, rowValues: number): TensorType {
  const type = wanted.write === undefined ? Q8_0 : wanted;
  return rowValues % type.blockValues === 0 ? type : F16;
}

/** Types a merge can be asked for, by their lower-case names. */
export const TARGET_TYPES: Readonly<Record<string, TensorType>> = { q8_0: Q8_0, f16: F16, bf16: BF16 };
export const MERGE_TYPES: readonly string[] = Object.keys(TARGET_TYPES);
