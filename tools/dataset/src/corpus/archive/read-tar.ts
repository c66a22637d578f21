import { gunzipSync } from 'node:zlib';
import { ArchiveError, type ArchiveContent, type ArchiveFile, type ArchiveLimits } from './archive.js';

const BLOCK_BYTES = 512;
/** Names longer than this belong to no source file. */
const MAX_META_BYTES = 64 * 1024;

/** Types of entries (POSIX.1-2001, section pax, and GNU's). */
const REGULAR = new Set(['0', '\0', '7']);
const LINKS = new Set(['1', '2', '3', '4', '6']);

/**
 * The regular files of a gzipped tar archive (ustar, pax or GNU). Nothing is written anywhere; links and devices
 * are counted, never followed.
 *
 * @throws ArchiveError
 */
export function readTarGz(archive: Uint8Array, limits: ArchiveLimits): ArchiveContent {
  return readTar(gunzip(archive, limits), limits);
}

function gunzip(archive: Uint8Array, { maxTotalBytes, maxFiles }: ArchiveLimits): Buffer {
  // Each file may add its header and padding to what it holds.
  const maxOutputLength = maxTotalBytes + maxFiles * 2 * BLOCK_BYTES;
  try {
    return gunzipSync(archive, { maxOutputLength });
  } catch (cause) {
    const isTooLarge = (cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    throw new ArchiveError(
      isTooLarge ? `it unpacks to more than ${maxTotalBytes} bytes` : 'its gzip stream is damaged',
    );
  }
}

function readTar(tar: Buffer, limits: ArchiveLimits): ArchiveContent {
  const files: ArchiveFile[] = [];
  let links = 0;
  let tooLarge = 0;
  let entries = 0;
  let longName: string | undefined;
  let paxPath: string | undefined;
  let paxSize: number | undefined;
  for (let at = 0; at < tar.length;) {
    if (tar.length - at < BLOCK_BYTES) throw new ArchiveError('it ends inside a header');
    const header = tar.subarray(at, at + BLOCK_BYTES);
    at += BLOCK_BYTES;
    if (header.every((byte) => byte === 0)) break;
    checkSum(header);
    const type = String.fromCharCode(header[156]!);
    const isMeta = type === 'x' || type === 'g' || type === 'L' || type === 'K';
    const size = (isMeta ? undefined : paxSize) ?? readNumber(header.subarray(124, 136));
    if (size > tar.length - at) throw new ArchiveError('it ends inside a file');
    const body = tar.subarray(at, at + size);
    at += Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
    if (isMeta) {
      if (size > MAX_META_BYTES) throw new ArchiveError('a name in it is too long');
      if (type === 'L') longName = untilNul(body);
      if (type === 'x') ({ path: paxPath, size: paxSize } = readPax(body));
      continue;
    }
    if (++entries > limits.maxFiles) throw new ArchiveError(`it holds more than ${limits.maxFiles} entries`);
    const path = paxPath ?? longName ?? ustarName(header);
    [longName, paxPath, paxSize] = [undefined, undefined, undefined];
    if (LINKS.has(type)) links++;
    else if (REGULAR.has(type) && !path.endsWith('/')) {
      if (size > limits.maxFileBytes) tooLarge++;
      else files.push({ path, bytes: body });
    }
  }
  return { files, links, tooLarge };
}

/** The sum of a header's bytes, its own field taken as spaces. */
function checkSum(header: Buffer): void {
  let sum = 0;
  header.forEach((byte, at) => (sum += at >= 148 && at < 156 ? 32 : byte));
  if (readNumber(header.subarray(148, 156)) !== sum) throw new ArchiveError('a header in it is damaged');
}

/** Octal text, or big-endian binary where the first bit is set. */
function readNumber(field: Buffer): number {
  if (field[0]! & 0x80) {
    let value = field[0]! & 0x7f;
    for (const byte of field.subarray(1)) value = value * 256 + byte;
    if (!Number.isSafeInteger(value)) throw new ArchiveError('a size in it is impossible');
    return value;
  }
  const text = untilNul(field).trim();
  if (text === '') return 0;
  if (!/^[0-7]+$/.test(text)) throw new ArchiveError('a header in it is damaged');
  return Number.parseInt(text, 8);
}

function ustarName(header: Buffer): string {
  const name = untilNul(header.subarray(0, 100));
  const isUstar = header.subarray(257, 263).toString('latin1') === 'ustar\0';
  const prefix = isUstar ? untilNul(header.subarray(345, 500)) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Records of a pax header: `LENGTH KEY=VALUE\n`. */
function readPax(body: Buffer): { path: string | undefined; size: number | undefined } {
  let path: string | undefined;
  let size: number | undefined;
  for (let at = 0; at < body.length;) {
    const space = body.indexOf(0x20, at);
    const length = space < 0 ? Number.NaN : Number(body.subarray(at, space).toString('latin1'));
    if (!Number.isSafeInteger(length) || length <= space - at || at + length > body.length) {
      throw new ArchiveError('a header in it is damaged');
    }
    const record = body.subarray(space + 1, at + length - 1).toString('utf8');
    const equals = record.indexOf('=');
    const key = record.slice(0, equals);
    if (key === 'path') path = record.slice(equals + 1);
    if (key === 'size') size = Number(record.slice(equals + 1));
    at += length;
  }
  if (size !== undefined && (!Number.isSafeInteger(size) || size < 0)) {
    throw new ArchiveError('a size in it is impossible');
  }
  return { path, size };
}

function untilNul(field: Buffer): string {
  const nul = field.indexOf(0);
  return field.subarray(0, nul < 0 ? field.length : nul).toString('utf8');
}
