import type { FilePool } from './file-pool.js';
import { inflateExactly, inflateStart, maxDeflatedBytes, PEEK_INPUT_BYTES } from './inflate.js';
import { CorruptObject } from './object-errors.js';
import type { ObjectType } from './object-store.js';
import { PackIndex } from './pack-index.js';
import { readAt } from './regular-file.js';

const TYPES: readonly (ObjectType | undefined)[] = [undefined, 'commit', 'tree', 'blob', 'tag'];
const OFS_DELTA = 6;
const REF_DELTA = 7;
/** Type and size (at most 9 bytes) and a base's offset (at most 9) or name (20). */
const MAX_HEADER_BYTES = 32;
/** A pack begins with a 12-byte header and ends with a 20-byte checksum. */
const PACK_HEADER_BYTES = 12;
const PACK_TRAILER_BYTES = 20;

/** Where an object's compressed data lies, and what it is a delta against. */
export interface PackEntry {
  /** Undefined for a delta: its type is its base's. */
  readonly type: ObjectType | undefined;
  /** Inflated size of the entry: of the delta itself, for a delta. */
  readonly sizeBytes: number;
  readonly dataOffset: number;
  readonly baseOffset?: number;
  readonly baseOid?: Buffer;
}

/** One pack file, read with positioned reads only. */
export class Pack {
  readonly index: PackIndex;
  private readonly packPath: string;

  /** @throws CorruptObject when the index is unusable. */
  constructor(
    /** Tells packs apart in caches, also when a path is used again. */
    readonly id: number,
    indexPath: string,
    private readonly pool: FilePool,
    indexBytes: number,
    /** Changes when the file at the path is another one. */
    readonly fingerprint: string,
  ) {
    this.packPath = `${indexPath.slice(0, -'.idx'.length)}.pack`;
    this.index = new PackIndex(indexPath, pool, indexBytes);
  }

  /** @throws CorruptObject when the entry's header is damaged or points outside the pack. */
  entryAt(offset: number): PackEntry {
    const head = this.read(offset, MAX_HEADER_BYTES);
    let at = 0;
    const next = (): number => {
      const byte = head[at++];
      if (byte === undefined) throw new CorruptObject('a pack entry is truncated');
      return byte;
    };
    let byte = next();
    const type = (byte >> 4) & 7;
    let sizeBytes = byte & 15;
    for (let scale = 16; byte & 0x80; scale *= 128) {
      if (scale > 2 ** 46) throw new CorruptObject('a pack entry declares an impossible size');
      byte = next();
      sizeBytes += (byte & 0x7f) * scale;
    }
    if (type === OFS_DELTA) {
      byte = next();
      let distance = byte & 0x7f;
      while (byte & 0x80) {
        byte = next();
        distance = (distance + 1) * 128 + (byte & 0x7f);
      }
      const baseOffset = offset - distance;
      if (distance === 0 || baseOffset < PACK_HEADER_BYTES) {
        throw new CorruptObject('a delta names a base outside its pack');
      }
      return { type: undefined, sizeBytes, dataOffset: offset + at, baseOffset };
    }
    if (type === REF_DELTA) {
      const baseOid = Buffer.from(head.subarray(at, at + 20));
      if (baseOid.length !== 20) throw new CorruptObject('a pack entry is truncated');
      return { type: undefined, sizeBytes, dataOffset: offset + at + 20, baseOid };
    }
    const plain = TYPES[type];
    if (!plain) throw new CorruptObject('a pack entry has an unknown type');
    return { type: plain, sizeBytes, dataOffset: offset + at };
  }

  /** The entry's data. Source text halves at least, so half its size is read first, the rest only if needed. */
  async inflate(entry: PackEntry): Promise<Buffer> {
    const most = maxDeflatedBytes(entry.sizeBytes);
    const first = Math.min(most, Math.ceil(entry.sizeBytes / 2) + 256);
    const data =
      (await inflateExactly(this.read(entry.dataOffset, first), entry.sizeBytes)) ??
      (await inflateExactly(this.read(entry.dataOffset, most), entry.sizeBytes));
    if (!data) throw new CorruptObject('its compressed data is truncated');
    return data;
  }

  /** The first inflated bytes of an entry. */
  inflateStart(entry: PackEntry): Buffer {
    return inflateStart(this.read(entry.dataOffset, PEEK_INPUT_BYTES));
  }

  private read(offset: number, length: number): Buffer {
    const file = this.pool.get(this.packPath);
    if (!file) throw new CorruptObject('its pack is gone');
    const end = Math.min(offset + length, file.sizeBytes - PACK_TRAILER_BYTES);
    if (offset < PACK_HEADER_BYTES || offset >= end)
      throw new CorruptObject('an offset points outside its pack');
    return readAt(file.fd, offset, end - offset);
  }

  close(): void {
    this.pool.forget(this.packPath);
    this.pool.forget(this.index.path);
  }
}
