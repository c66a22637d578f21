import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { constants, crc32, deflateRawSync, deflateSync } from 'node:zlib';

const MIB = 1 << 20;

/** A zlib stream of a prefix and then many mebibytes of zeros: a few bytes for each of them, and made at once. */
export function deflateZeros(prefix: Buffer, mebibytes: number): Buffer {
  // A flush ends at a byte and forgets what was before, so that one block can be repeated.
  const flushed = { finishFlush: constants.Z_FULL_FLUSH };
  const block = deflateRawSync(Buffer.alloc(MIB), flushed);
  const body = [deflateRawSync(prefix, flushed), ...Array.from({ length: mebibytes }, () => block)];
  return Buffer.concat([
    Buffer.from('789c', 'hex'),
    ...body,
    deflateRawSync(Buffer.alloc(0)),
    adler32(prefix, mebibytes * MIB),
  ]);
}

function adler32(prefix: Buffer, zeros: number): Buffer {
  let a = 1;
  let b = 0;
  for (const byte of prefix) {
    a = (a + byte) % 65_521;
    b = (b + a) % 65_521;
  }
  const sum = Buffer.alloc(4);
  sum.writeUInt16BE(Number((BigInt(b) + BigInt(a) * BigInt(zeros)) % 65_521n), 0);
  sum.writeUInt16BE(a, 2);
  return sum;
}

/** The name git gives an object. */
export function oidOf(type: string, data: Buffer): string {
  return createHash('sha1').update(`${type} ${data.length}\0`).update(data).digest('hex');
}

/** Writes a loose object under any name, with any zlib stream. */
export function writeLoose(objects: string, oid: string, stream: Buffer): void {
  const path = join(objects, oid.slice(0, 2), oid.slice(2));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, stream);
}

/** Writes an object as git would, whatever it holds; its name. */
export function writeObject(objects: string, type: string, data: Buffer): string {
  const oid = oidOf(type, data);
  const stream = deflateSync(Buffer.concat([Buffer.from(`${type} ${data.length}\0`), data]), { level: 1 });
  if (!existsSync(join(objects, oid.slice(0, 2), oid.slice(2)))) writeLoose(objects, oid, stream);
  return oid;
}

/** A tree object's bytes, as no git command would write them. */
export function treeOf(
  entries: readonly (readonly [mode: string, name: Buffer | string, oid: string])[],
): Buffer {
  return Buffer.concat(
    entries.flatMap(([mode, name, oid]) => [
      Buffer.from(`${mode} `),
      Buffer.from(name as string),
      Buffer.of(0),
      Buffer.from(oid, 'hex'),
    ]),
  );
}

export interface RawEntry {
  /** Name in the index, true or not. */
  readonly oid: string;
  /** 1 to 4: commit, tree, blob, tag; 6 and 7: deltas. */
  readonly type: number;
  readonly sizeBytes: number;
  /** For a delta: the base's name (7), or the position of the base among the entries (6). */
  readonly base?: string | number;
  /** Zlib stream. */
  readonly stream: Buffer;
}

/** Writes a pack and its index of any entries; the pack's path without its ending. */
export function writePack(objects: string, entries: readonly RawEntry[], name = 'hostile'): string {
  const header = Buffer.alloc(12);
  header.write('PACK');
  header.writeUInt32BE(2, 4);
  header.writeUInt32BE(entries.length, 8);
  const offsets: number[] = [];
  const parts: Buffer[] = [header];
  let length = 12;
  for (const entry of entries) {
    offsets.push(length);
    const base =
      typeof entry.base === 'string'
        ? Buffer.from(entry.base, 'hex')
        : entry.base === undefined
          ? Buffer.alloc(0)
          : encodeDistance(length - offsets[entry.base]!);
    const whole = Buffer.concat([encodeHeader(entry.type, entry.sizeBytes), base, entry.stream]);
    parts.push(whole);
    length += whole.length;
  }
  const pack = Buffer.concat(parts);
  const checksum = createHash('sha1').update(pack).digest();
  const path = join(objects, 'pack', `pack-${name}`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.pack`, Buffer.concat([pack, checksum]));
  writeFileSync(`${path}.idx`, indexOf(entries, offsets, parts, checksum));
  return path;
}

function indexOf(
  entries: readonly RawEntry[],
  offsets: readonly number[],
  parts: readonly Buffer[],
  packChecksum: Buffer,
): Buffer {
  const sorted = entries.map(({ oid }, i) => ({ oid, i })).sort((a, b) => (a.oid < b.oid ? -1 : 1));
  const fanout = Buffer.alloc(1024);
  let counted = 0;
  for (let first = 0; first < 256; first++) {
    while (counted < sorted.length && parseInt(sorted[counted]!.oid.slice(0, 2), 16) <= first) counted++;
    fanout.writeUInt32BE(counted, first * 4);
  }
  const crcs = Buffer.alloc(4 * entries.length);
  const places = Buffer.alloc(4 * entries.length);
  sorted.forEach(({ i }, at) => {
    crcs.writeUInt32BE(crc32(parts[i + 1]!), at * 4);
    places.writeUInt32BE(offsets[i]!, at * 4);
  });
  const body = Buffer.concat([
    Buffer.from('ff744f6300000002', 'hex'),
    fanout,
    ...sorted.map(({ oid }) => Buffer.from(oid, 'hex')),
    crcs,
    places,
    packChecksum,
  ]);
  return Buffer.concat([body, createHash('sha1').update(body).digest()]);
}

function encodeHeader(type: number, sizeBytes: number): Buffer {
  const bytes = [(type << 4) | (sizeBytes & 15)];
  for (let rest = Math.floor(sizeBytes / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes[bytes.length - 1]! |= 0x80;
    bytes.push(rest & 0x7f);
  }
  return Buffer.from(bytes);
}

function encodeDistance(distance: number): Buffer {
  const bytes = [distance & 0x7f];
  for (let rest = distance >>> 7; rest > 0; rest >>>= 7) bytes.unshift(0x80 | (--rest & 0x7f));
  return Buffer.from(bytes);
}

/** A delta that keeps its base whole and adds a byte: sizes below 64 KiB. */
export function appendingDelta(baseBytes: number, byte: number): Buffer {
  const size = (value: number): number[] =>
    value < 128 ? [value] : [0x80 | (value & 0x7f), ...size(value >>> 7)];
  return Buffer.from([
    ...size(baseBytes),
    ...size(baseBytes + 1),
    ...[0xb0, baseBytes & 0xff, baseBytes >>> 8],
    ...[1, byte],
  ]);
}
