import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { invalidArgument, type BlobArtefact, type FileEntry, type SkipReason } from '@repoformer/domain';

/** Codes on disk. Append only: a code is never given another meaning within one format version. */
const SKIP_BY_CODE: readonly SkipReason[] = [
  'ignored',
  'binary',
  'too_large',
  'generated',
  'vendored',
  'secret',
  'missing',
  'symlink',
  'submodule',
  'unsafe_path',
  'unreadable',
];
const CODE_BY_SKIP = new Map(SKIP_BY_CODE.map((reason, code) => [reason, code] as const));

const OID_BYTES = 20;
const ID_BYTES = 8;
/** LMDB's own limit with 4 KiB pages is 1,978; 511 holds for every page size. */
const MAX_KEY_BYTES = 511;
const PLAIN_PATH = 0;
const HASHED_PATH = 1;

const HAS_OID = 1;
const HAS_SKIP = 2;
const HAS_PATH = 4;

const ARTEFACT_HEADER_BYTES = 4 + 6 + 1;
const INDEXED_HEADER_BYTES = ARTEFACT_HEADER_BYTES + 8;
const SKIPPED = 0;
const INDEXED = 1;

/** 16 hex digits to 8 bytes. */
export function repositoryKey(id: string): Buffer {
  if (!/^[0-9a-f]{16}$/.test(id)) throw invalidArgument('repository', 'an id has 16 hex digits');
  return Buffer.from(id, 'hex');
}

/** 40 hex digits to 20 bytes. */
export function artefactKey(oid: string): Buffer {
  if (!/^[0-9a-f]{40}$/.test(oid)) throw invalidArgument('oid', 'an object id has 40 hex digits');
  return Buffer.from(oid, 'hex');
}

/** Repository, one tag byte, then the path, or its SHA-256 where the path is too long for a key. */
export function fileKey(repository: Uint8Array, path: string): { key: Buffer; hashed: boolean } {
  const bytes = Buffer.from(path, 'utf8');
  const hashed = ID_BYTES + 1 + bytes.length > MAX_KEY_BYTES;
  const tail = hashed ? createHash('sha256').update(bytes).digest() : bytes;
  const tag = Buffer.of(hashed ? HASHED_PATH : PLAIN_PATH);
  return { key: Buffer.concat([repository, tag, tail]), hashed };
}

/** Flags, then the blob's oid and the skip code where there are any, then the path where the key only has its hash. */
export function encodeFile(entry: FileEntry, longPath: string | undefined): Buffer {
  const skip = 'skip' in entry ? entry.skip : undefined;
  const parts: Buffer[] = [
    Buffer.of(
      (entry.oid === undefined ? 0 : HAS_OID) |
        (skip === undefined ? 0 : HAS_SKIP) |
        (longPath === undefined ? 0 : HAS_PATH),
    ),
  ];
  if (entry.oid !== undefined) parts.push(artefactKey(entry.oid));
  if (skip !== undefined) parts.push(Buffer.of(CODE_BY_SKIP.get(skip)!));
  if (longPath !== undefined) parts.push(Buffer.from(longPath, 'utf8'));
  return Buffer.concat(parts);
}

/** The inverse of {@link fileKey} and {@link encodeFile}; undefined when the bytes make no sense. */
export function decodeFile(key: Buffer, value: Buffer): { path: string; entry: FileEntry } | undefined {
  const flags = value[0] ?? 0;
  let position = 1;
  let oid: string | undefined;
  if (flags & HAS_OID) {
    oid = value.toString('hex', position, position + OID_BYTES);
    position += OID_BYTES;
  }
  let skip: SkipReason | undefined;
  if (flags & HAS_SKIP) skip = SKIP_BY_CODE[value[position++] ?? 255];
  const path =
    flags & HAS_PATH ? value.toString('utf8', position) : key.toString('utf8', ID_BYTES + 1, key.length);
  if (flags & HAS_SKIP) {
    if (skip === undefined) return undefined;
    return { path, entry: oid === undefined ? { skip } : { skip, oid } };
  }
  return oid?.length === OID_BYTES * 2 ? { path, entry: { oid } } : undefined;
}

/** The blob a stored file refers to, without decoding the rest. */
export function oidOfFile(value: Buffer): Buffer | undefined {
  return (value[0] ?? 0) & HAS_OID ? value.subarray(1, 1 + OID_BYTES) : undefined;
}

/** CRC-32 of what follows, sequence number of the writing, kind, then what the kind needs. */
export function encodeArtefact(artefact: BlobArtefact, sequence: number): Buffer {
  const body = artefact.kind === 'indexed' ? artefact.data : Buffer.of(CODE_BY_SKIP.get(artefact.reason)!);
  const headerBytes = artefact.kind === 'indexed' ? INDEXED_HEADER_BYTES : ARTEFACT_HEADER_BYTES;
  const buffer = Buffer.allocUnsafe(headerBytes + body.length);
  buffer.writeUIntLE(sequence, 4, 6);
  buffer[10] = artefact.kind === 'indexed' ? INDEXED : SKIPPED;
  if (artefact.kind === 'indexed') {
    buffer.writeUInt32LE(artefact.lines, 11);
    buffer.writeUInt32LE(artefact.windows, 15);
  }
  buffer.set(body, headerBytes);
  buffer.writeUInt32LE(crc32(buffer.subarray(4)), 0);
  return buffer;
}

/** Undefined when the checksum does not fit: the caller reads the blob again. */
export function decodeArtefact(value: Buffer): BlobArtefact | undefined {
  if (value.length < ARTEFACT_HEADER_BYTES || crc32(value.subarray(4)) !== value.readUInt32LE(0)) {
    return undefined;
  }
  if (value[10] === INDEXED) {
    return {
      kind: 'indexed',
      lines: value.readUInt32LE(11),
      windows: value.readUInt32LE(15),
      // A copy: the database's own buffer is only valid until its next read.
      data: new Uint8Array(value.subarray(INDEXED_HEADER_BYTES)),
    };
  }
  const reason = SKIP_BY_CODE[value[ARTEFACT_HEADER_BYTES] ?? 255];
  return reason && { kind: 'skipped', reason };
}

/** When the artefact was written, as a number that grows with each writing. */
export function sequenceOfArtefact(value: Buffer): number {
  return value.length < ARTEFACT_HEADER_BYTES ? 0 : value.readUIntLE(4, 6);
}
