import { AppError } from '@repoformer/domain';

/** A blob whose windows are in the search index. */
export interface IndexedBlob {
  /** 40 hex digits. */
  readonly oid: string;
  /** Its id in the search index. */
  readonly document: number;
  readonly lines: number;
}

const OID_BYTES = 20;
/** Document id (64 bits), lines (32 bits), oid. */
const RECORD_BYTES = 12 + OID_BYTES;

/** @param blobs those of no document are left out */
export function encodeBlobs(
  blobs: readonly { readonly oid: string; readonly document: number | undefined; readonly lines: number }[],
): Uint8Array {
  const indexed = blobs.filter(({ document }) => document !== undefined);
  const bytes = Buffer.alloc(indexed.length * RECORD_BYTES);
  indexed.forEach(({ oid, document, lines }, i) => {
    const at = i * RECORD_BYTES;
    bytes.writeDoubleLE(document!, at);
    bytes.writeUInt32LE(lines, at + 8);
    bytes.write(oid, at + 12, OID_BYTES, 'hex');
  });
  return bytes;
}

/** @throws AppError data_loss when the bytes are no such table */
export function decodeBlobs(bytes: Uint8Array | undefined): IndexedBlob[] {
  if (bytes === undefined || bytes.length % RECORD_BYTES !== 0) {
    throw new AppError({
      kind: 'data_loss',
      reason: 'STORE_UNAVAILABLE',
      message: 'the saved index is damaged; it is built again',
    });
  }
  const table = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / RECORD_BYTES }, (_, i) => {
    const at = i * RECORD_BYTES;
    return {
      document: table.readDoubleLE(at),
      lines: table.readUInt32LE(at + 8),
      oid: table.toString('hex', at + 12, at + RECORD_BYTES),
    };
  });
}
