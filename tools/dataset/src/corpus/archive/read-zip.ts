import { crc32, inflateRawSync } from 'node:zlib';
import { ArchiveError, type ArchiveContent, type ArchiveFile, type ArchiveLimits } from './archive.js';

const END_SIGNATURE = 0x06054b50;
const ENTRY_SIGNATURE = 0x02014b50;
const LOCAL_SIGNATURE = 0x04034b50;
const END_BYTES = 22;
const ENTRY_BYTES = 46;
const LOCAL_BYTES = 30;
const MAX_COMMENT_BYTES = 0xffff;
const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED = 1;
const UNIX = 3;
const FILE_TYPE = 0o170000;
const REGULAR = 0o100000;

/**
 * The regular files of a zip archive, as its central directory lists them: wheels and Go modules. Zip64 and
 * encrypted archives are refused; sources need neither. Nothing is written anywhere.
 *
 * @throws ArchiveError
 */
export function readZip(archive: Uint8Array, limits: ArchiveLimits): ArchiveContent {
  const zip = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength);
  const end = findEnd(zip);
  const count = zip.readUInt16LE(end + 10);
  let at = zip.readUInt32LE(end + 16);
  if (count === 0xffff || at === 0xffffffff)
    throw new ArchiveError('it is a zip64 archive, which sources are not');
  if (count > limits.maxFiles) throw new ArchiveError(`it holds more than ${limits.maxFiles} entries`);
  const files: ArchiveFile[] = [];
  let links = 0;
  let tooLarge = 0;
  let totalBytes = 0;
  for (let entry = 0; entry < count; entry++) {
    if (at + ENTRY_BYTES > end || zip.readUInt32LE(at) !== ENTRY_SIGNATURE) {
      throw new ArchiveError('its directory is damaged');
    }
    const nameBytes = zip.readUInt16LE(at + 28);
    const path = zip.subarray(at + ENTRY_BYTES, at + ENTRY_BYTES + nameBytes).toString('utf8');
    const size = zip.readUInt32LE(at + 24);
    if (!path.endsWith('/')) {
      if (isSpecial(zip, at)) links++;
      else if (size > limits.maxFileBytes) tooLarge++;
      else {
        totalBytes += size;
        if (totalBytes > limits.maxTotalBytes) {
          throw new ArchiveError(`it unpacks to more than ${limits.maxTotalBytes} bytes`);
        }
        files.push({ path, bytes: readMember(zip, at, size) });
      }
    }
    at += ENTRY_BYTES + nameBytes + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return { files, links, tooLarge };
}

function findEnd(zip: Buffer): number {
  const lowest = Math.max(0, zip.length - END_BYTES - MAX_COMMENT_BYTES);
  for (let at = zip.length - END_BYTES; at >= lowest; at--) {
    if (zip.readUInt32LE(at) === END_SIGNATURE) return at;
  }
  throw new ArchiveError('it is not a zip archive, or its end is missing');
}

/** Whether an entry made on Unix says that it is a link or a device. */
function isSpecial(zip: Buffer, at: number): boolean {
  if (zip[at + 5] !== UNIX) return false;
  const type = (zip.readUInt32LE(at + 38) >>> 16) & FILE_TYPE;
  return type !== 0 && type !== REGULAR;
}

function readMember(zip: Buffer, at: number, size: number): Buffer {
  const method = zip.readUInt16LE(at + 10);
  const packedBytes = zip.readUInt32LE(at + 20);
  const local = zip.readUInt32LE(at + 42);
  if (zip.readUInt16LE(at + 8) & ENCRYPTED) throw new ArchiveError('it is encrypted');
  if (local + LOCAL_BYTES > zip.length || zip.readUInt32LE(local) !== LOCAL_SIGNATURE) {
    throw new ArchiveError('its directory is damaged');
  }
  const start = local + LOCAL_BYTES + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
  if (start + packedBytes > zip.length) throw new ArchiveError('it ends inside a file');
  const packed = zip.subarray(start, start + packedBytes);
  const bytes = method === STORED ? packed : method === DEFLATED ? inflate(packed, size) : undefined;
  if (!bytes) throw new ArchiveError('a file in it is packed in an unknown way');
  if (bytes.length !== size || crc32(bytes) !== zip.readUInt32LE(at + 16)) {
    throw new ArchiveError('a file in it is damaged');
  }
  return bytes;
}

function inflate(packed: Buffer, size: number): Buffer {
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, size) });
  } catch {
    throw new ArchiveError('a file in it is damaged');
  }
}
