import { promisify } from 'node:util';
import { constants, inflate, inflateSync } from 'node:zlib';
import { CorruptObject } from './object-errors.js';
import { errorCode } from './regular-file.js';

/** Output grows in steps, so a false declared size costs no memory. */
const MAX_STEP_BYTES = 1 << 20;

/** A dynamic Huffman header takes under 600 bytes, so this much input always yields some output. */
export const PEEK_INPUT_BYTES = 1024;

/** More compressed bytes than zlib ever makes of `sizeBytes` (compressBound, with room to spare). */
export function maxDeflatedBytes(sizeBytes: number): number {
  return sizeBytes + Math.ceil(sizeBytes / 256) + 1024;
}

/** What inflates to more is inflated on another thread: it takes longer than the way there and back. */
const ASIDE_BYTES = 1 << 20;
const inflateAside = promisify(inflate);

/**
 * Inflates a zlib stream that must hold exactly `sizeBytes`; what follows the stream is ignored.
 * @returns undefined when `input` ends before the stream does.
 * @throws CorruptObject when the stream is damaged, longer or shorter.
 */
export async function inflateExactly(input: Buffer, sizeBytes: number): Promise<Buffer | undefined> {
  const options = {
    maxOutputLength: Math.max(1, sizeBytes),
    chunkSize: Math.max(64, Math.min(sizeBytes + 1, MAX_STEP_BYTES)),
  };
  let output: Buffer;
  try {
    output = sizeBytes > ASIDE_BYTES ? await inflateAside(input, options) : inflateSync(input, options);
  } catch (error) {
    if (errorCode(error) === 'Z_BUF_ERROR') return undefined;
    throw new CorruptObject('its compressed data is damaged', { cause: error });
  }
  if (output.length !== sizeBytes) throw new CorruptObject('its size is not the declared one');
  return output;
}

/** The first bytes of a zlib stream: whatever `input` (at most {@link PEEK_INPUT_BYTES}) yields. */
export function inflateStart(input: Buffer): Buffer {
  try {
    return inflateSync(input.subarray(0, PEEK_INPUT_BYTES), { finishFlush: constants.Z_SYNC_FLUSH });
  } catch (error) {
    throw new CorruptObject('its compressed data is damaged', { cause: error });
  }
}
