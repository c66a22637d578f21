import { AppError } from '@repoformer/domain';

/** The error for stored windows that cannot be what was written. */
export function corruptWindows(problem: string): AppError {
  return new AppError({
    kind: 'data_loss',
    reason: 'STORE_UNAVAILABLE',
    message: `stored windows are damaged (${problem}); reindex the repository`,
  });
}

/** Reads what ByteWriter wrote; anything beyond the end or out of range is a data_loss AppError. */
export class ByteReader {
  position = 0;

  /** Reads the first `end` bytes. */
  constructor(
    private readonly bytes: Uint8Array,
    private readonly end: number,
  ) {}

  get remaining(): number {
    return this.end - this.position;
  }

  byte(): number {
    if (this.position >= this.end) throw corruptWindows('cut short');
    return this.bytes[this.position++]!;
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      if (shift === 28 && byte > 7) throw corruptWindows('number out of range');
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
    throw corruptWindows('number out of range');
  }

  int32(): number {
    const { bytes, position } = this;
    if (position + 4 > this.end) throw corruptWindows('cut short');
    this.position = position + 4;
    return (
      bytes[position]! |
      (bytes[position + 1]! << 8) |
      (bytes[position + 2]! << 16) |
      (bytes[position + 3]! << 24)
    );
  }
}
