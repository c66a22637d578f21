import type { FilePool } from './file-pool.js';
import { CorruptObject } from './object-errors.js';
import { readAt, readRegularFile } from './regular-file.js';

const V2_MAGIC = 0xff744f63;
const FANOUT_BYTES = 256 * 4;
/** Small indexes are kept in memory, so that a repository with hundreds of packs needs no open files for them. */
const IN_MEMORY_BYTES = 256 << 10;
/** Names read at a time: about one page. */
const WINDOW_NAMES = 192;

/**
 * A pack's `.idx` file (versions 1 and 2). Large ones are never loaded: names are uniformly distributed, so
 * interpolation finds the right page at the first or second read; bisection bounds what a hostile file costs.
 */
export class PackIndex {
  private readonly memory: Buffer | undefined;
  private readonly fanout: Buffer;
  private readonly version: 1 | 2;
  readonly objects: number;

  /** @throws CorruptObject when the file is gone or no pack index. */
  constructor(
    readonly path: string,
    private readonly pool: FilePool,
    sizeBytes: number,
  ) {
    this.memory = sizeBytes <= IN_MEMORY_BYTES ? readRegularFile(path, IN_MEMORY_BYTES) : undefined;
    const head = this.read(0, 8 + FANOUT_BYTES);
    this.version = head.length >= 8 && head.readUInt32BE(0) === V2_MAGIC ? 2 : 1;
    if (this.version === 2 && head.readUInt32BE(4) !== 2)
      throw new CorruptObject('unknown pack index version');
    // A copy, because a view would keep a small index's whole buffer pinned twice over.
    this.fanout = Buffer.from(head.subarray(this.version === 2 ? 8 : 0).subarray(0, FANOUT_BYTES));
    if (this.fanout.length !== FANOUT_BYTES) throw new CorruptObject('truncated pack index');
    this.objects = this.fanout.readUInt32BE(FANOUT_BYTES - 4);
    if (this.namesStart + this.objects * this.stride > sizeBytes)
      throw new CorruptObject('truncated pack index');
  }

  private get namesStart(): number {
    return this.version === 2 ? 8 + FANOUT_BYTES : FANOUT_BYTES;
  }

  /** Version 1 keeps a 4-byte offset before each name. */
  private get stride(): number {
    return this.version === 2 ? 20 : 24;
  }

  /** Offset of the object in the pack; undefined when the pack lacks it. */
  offsetOf(oid: Buffer): number | undefined {
    const first = oid[0]!;
    let low = first === 0 ? 0 : this.fanout.readUInt32BE((first - 1) * 4);
    let high = Math.min(this.fanout.readUInt32BE(first * 4), this.objects);
    const nameAt = this.version === 2 ? 0 : 4;
    // Where the name falls between the lowest and the highest with its first byte.
    const fraction = oid.readUIntBE(1, 4) / 2 ** 32;
    for (let step = 0; low < high; step++) {
      const guess = low + Math.floor((high - low) * (step < 2 ? fraction : 0.5));
      const start = Math.max(low, Math.min(guess - WINDOW_NAMES / 2, high - WINDOW_NAMES));
      const end = Math.min(high, start + WINDOW_NAMES);
      const names = this.read(this.namesStart + start * this.stride, (end - start) * this.stride);
      if (names.length !== (end - start) * this.stride) throw new CorruptObject('truncated pack index');
      let left = 0;
      let right = end - start;
      while (left < right) {
        const middle = (left + right) >>> 1;
        const at = middle * this.stride + nameAt;
        const order = oid.compare(names, at, at + 20);
        if (order === 0) return this.offsetAt(start + middle, names, middle);
        if (order < 0) right = middle;
        else left = middle + 1;
      }
      if (left > 0 && left < end - start) return undefined;
      if (left === 0) high = start;
      else low = end;
    }
    return undefined;
  }

  private offsetAt(index: number, names: Buffer, position: number): number {
    if (this.version === 1) return names.readUInt32BE(position * this.stride);
    const offsets = this.namesStart + this.objects * 24;
    const short = this.readExactly(offsets + index * 4, 4).readUInt32BE(0);
    if (short < 0x80000000) return short;
    const long = this.readExactly(offsets + this.objects * 4 + (short - 0x80000000) * 8, 8).readBigUInt64BE(
      0,
    );
    if (long > BigInt(Number.MAX_SAFE_INTEGER)) throw new CorruptObject('pack offset out of range');
    return Number(long);
  }

  private readExactly(position: number, length: number): Buffer {
    const bytes = this.read(position, length);
    if (bytes.length !== length) throw new CorruptObject('truncated pack index');
    return bytes;
  }

  private read(position: number, length: number): Buffer {
    if (this.memory) return this.memory.subarray(position, position + length);
    const file = this.pool.get(this.path);
    if (!file) throw new CorruptObject('the pack index is gone');
    return readAt(file.fd, position, length);
  }
}
