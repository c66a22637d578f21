import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** LMDB's magic number, as its own source spells it. */
const MAGIC = 0xbeefc0de;
const META_MAGIC_OFFSET = 24;
const META_PAGE_SIZE_OFFSET = 48;
const META_LAST_PAGE_OFFSET = 144;
const META_TRANSACTION_OFFSET = 152;
const META_END = 160;
const MAX_PAGE_BYTES = 65_536;

/**
 * Whether a file can be handed to LMDB. LMDB maps the file and trusts it: with a wrong header it reads outside
 * the map, with pages missing at the end it is killed by the system. Both take the whole process with them,
 * so the header and the length are looked at here first.
 *
 * @returns 'missing' for no file or an empty one, 'corrupt', or 'plausible'.
 */
export function inspectDatabaseFile(path: string): 'missing' | 'corrupt' | 'plausible' {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'missing';
    throw error;
  }
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) return 'corrupt';
    if (stat.size === 0) return 'missing';
    const head = Buffer.alloc(MAX_PAGE_BYTES + META_END);
    const length = readSync(file, head, 0, head.length, 0);
    const pageBytes = length < META_END ? 0 : head.readUInt32LE(META_PAGE_SIZE_OFFSET);
    const isPowerOfTwo = (pageBytes & (pageBytes - 1)) === 0;
    if (pageBytes < 256 || pageBytes > MAX_PAGE_BYTES || !isPowerOfTwo || length < pageBytes + META_END) {
      return 'corrupt';
    }
    const metas = [0, pageBytes].map((at) => ({
      valid: head.readUInt32LE(at + META_MAGIC_OFFSET) === MAGIC,
      lastPage: head.readBigUInt64LE(at + META_LAST_PAGE_OFFSET),
      transaction: head.readBigUInt64LE(at + META_TRANSACTION_OFFSET),
    }));
    if (!metas.every((meta) => meta.valid)) return 'corrupt';
    const newest = metas.reduce((a, b) => (b.transaction > a.transaction ? b : a));
    return (newest.lastPage + 1n) * BigInt(pageBytes) <= BigInt(stat.size) ? 'plausible' : 'corrupt';
  } finally {
    closeSync(file);
  }
}
