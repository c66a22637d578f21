import { open, type FileHandle } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { crc32, createInflateRaw } from 'node:zlib';
import { pipeline } from 'node:stream/promises';
import { Writable } from 'node:stream';

/** One file within a zip archive, found by its central directory. */
interface Member {
  readonly name: string;
  readonly method: number;
  readonly encrypted: boolean;
  readonly crc: number;
  readonly compressedBytes: number;
  readonly sizeBytes: number;
  readonly headerOffset: number;
}

/** An archive that cannot be read, or does not hold what it should. The message is for people. */
export class ZipError extends Error {}

const END_SIGNATURE = 0x06054b50;
const END64_SIGNATURE = 0x06064b50;
const LOCATOR64_SIGNATURE = 0x07064b50;
const ENTRY_SIGNATURE = 0x02014b50;
const LOCAL_SIGNATURE = 0x04034b50;
const END_BYTES = 22;
const LONGEST_COMMENT = 0xffff;
const MAX_DIRECTORY_BYTES = 16 * 1024 * 1024;
const STORED = 0;
const DEFLATED = 8;
const FULL_16 = 0xffff;
const FULL_32 = 0xffffffff;
const ZIP64_EXTRA = 1;

/**
 * Streams the only member of a zip archive whose name ends in `extension` to `write`. Handles stored and
 * deflated members and zip64. Nothing is written anywhere, so no name in the archive matters.
 *
 * @param expectedBytes the member's size; an archive that says or delivers another one is refused before more
 * than that is passed on.
 * @throws ZipError
 */
export async function extractOnlyMember(
  path: string,
  extension: string,
  expectedBytes: number,
  write: (bytes: Buffer) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const file = await open(path, 'r');
  try {
    const members = (await readDirectory(file)).filter(({ name }) => name.endsWith(extension));
    const [member] = members;
    if (member === undefined || members.length > 1) {
      throw new ZipError(`it holds ${members.length} files ending in ${extension} instead of one`);
    }
    if (member.encrypted) throw new ZipError('it is encrypted');
    if (member.sizeBytes !== expectedBytes) {
      throw new ZipError(`its content has ${member.sizeBytes} bytes instead of ${expectedBytes}`);
    }
    await streamMember(file, member, write, signal);
  } finally {
    await file.close().catch(() => undefined);
  }
}

async function streamMember(
  file: FileHandle,
  member: Member,
  write: (bytes: Buffer) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (member.method !== STORED && member.method !== DEFLATED) {
    throw new ZipError(`compression method ${member.method} cannot be read`);
  }
  const local = await readExactly(file, member.headerOffset, 30);
  if (local.readUInt32LE(0) !== LOCAL_SIGNATURE) throw new ZipError('a local header is damaged');
  const start = member.headerOffset + 30 + local.readUInt16LE(26) + local.readUInt16LE(28);
  const { size } = await file.stat();
  if (start + member.compressedBytes > size) throw new ZipError('it is cut off');
  let passed = 0;
  let crc = 0;
  const sink = new Writable({
    write(bytes: Buffer, _encoding, done) {
      passed += bytes.length;
      if (passed > member.sizeBytes) return done(new ZipError('it inflates to more than it announces'));
      crc = crc32(bytes, crc);
      write(bytes).then(() => done(), done);
    },
  });
  const raw =
    member.compressedBytes === 0
      ? []
      : file.createReadStream({ start, end: start + member.compressedBytes - 1, autoClose: false });
  const decoder =
    member.method === STORED
      ? new Transform({ transform: (bytes, _encoding, done) => done(null, bytes) })
      : createInflateRaw();
  try {
    await pipeline(raw, decoder, sink, { signal });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code.startsWith('Z_')) throw new ZipError('its compressed data is damaged', { cause: error });
    throw error;
  }
  if (passed !== member.sizeBytes) throw new ZipError('it is cut off');
  if (crc !== member.crc) throw new ZipError('its content is damaged');
}

async function readDirectory(file: FileHandle): Promise<Member[]> {
  const { size } = await file.stat();
  const { offset, length } = await findDirectory(file, size);
  if (length > MAX_DIRECTORY_BYTES || offset + length > size) throw new ZipError('its directory is damaged');
  const directory = await readExactly(file, offset, length);
  const members: Member[] = [];
  for (let at = 0; at + 46 <= length && directory.readUInt32LE(at) === ENTRY_SIGNATURE;) {
    const nameBytes = directory.readUInt16LE(at + 28);
    const extraBytes = directory.readUInt16LE(at + 30);
    const next = at + 46 + nameBytes + extraBytes + directory.readUInt16LE(at + 32);
    if (next > length) throw new ZipError('its directory is damaged');
    const extra = directory.subarray(at + 46 + nameBytes, at + 46 + nameBytes + extraBytes);
    members.push({
      name: directory.toString('utf8', at + 46, at + 46 + nameBytes),
      method: directory.readUInt16LE(at + 10),
      encrypted: (directory.readUInt16LE(at + 8) & 1) !== 0,
      crc: directory.readUInt32LE(at + 16),
      ...readSizes(directory, at, extra),
    });
    at = next;
  }
  return members;
}

/** Sizes and offset of an entry; a field filled with ones has its value in the zip64 extra field instead. */
function readSizes(directory: Buffer, at: number, extra: Buffer) {
  let wide: Buffer = Buffer.alloc(0);
  for (let field = 0; field + 4 <= extra.length; field += 4 + extra.readUInt16LE(field + 2)) {
    if (extra.readUInt16LE(field) === ZIP64_EXTRA) {
      wide = extra.subarray(field + 4, field + 4 + extra.readUInt16LE(field + 2));
    }
  }
  let used = 0;
  const value = (narrow: number): number => {
    if (narrow !== FULL_32) return narrow;
    if (used + 8 > wide.length) throw new ZipError('its directory is damaged');
    used += 8;
    return toNumber(wide.readBigUInt64LE(used - 8));
  };
  const sizeBytes = value(directory.readUInt32LE(at + 24));
  const compressedBytes = value(directory.readUInt32LE(at + 20));
  const headerOffset = value(directory.readUInt32LE(at + 42));
  return { sizeBytes, compressedBytes, headerOffset };
}

async function findDirectory(file: FileHandle, size: number): Promise<{ offset: number; length: number }> {
  const tailStart = Math.max(0, size - END_BYTES - LONGEST_COMMENT);
  const tail = await readExactly(file, tailStart, size - tailStart);
  let at = tail.length - END_BYTES;
  while (at >= 0 && tail.readUInt32LE(at) !== END_SIGNATURE) at--;
  if (at < 0) throw new ZipError('it is no zip archive, or cut off');
  const narrow = { offset: tail.readUInt32LE(at + 16), length: tail.readUInt32LE(at + 12) };
  const isZip64 =
    narrow.offset === FULL_32 || narrow.length === FULL_32 || tail.readUInt16LE(at + 10) === FULL_16;
  if (!isZip64) return narrow;
  const locatorAt = tailStart + at - 20;
  if (locatorAt < 0) throw new ZipError('its directory is damaged');
  const locator = await readExactly(file, locatorAt, 20);
  if (locator.readUInt32LE(0) !== LOCATOR64_SIGNATURE) throw new ZipError('its directory is damaged');
  const end = await readExactly(file, toNumber(locator.readBigUInt64LE(8)), 56);
  if (end.readUInt32LE(0) !== END64_SIGNATURE) throw new ZipError('its directory is damaged');
  return { offset: toNumber(end.readBigUInt64LE(48)), length: toNumber(end.readBigUInt64LE(40)) };
}

async function readExactly(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, position + filled);
    if (bytesRead === 0) throw new ZipError('it is cut off');
    filled += bytesRead;
  }
  return bytes;
}

function toNumber(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new ZipError('its directory is damaged');
  return Number(value);
}
