import { open } from 'node:fs/promises';
import { throwIfAborted } from '@repoformer/domain';
import { STRING } from './gguf-cursor.js';

/** A tensor to be written; `data` gives `sizeBytes` bytes in all. */
export interface TensorSource {
  readonly name: string;
  /** Innermost first. */
  readonly shape: readonly number[];
  readonly type: number;
  readonly sizeBytes: number;
  data(): AsyncIterable<Uint8Array>;
}

export interface GgufContents {
  readonly alignment: number;
  /** Type and value of each key, as they are to stand in the file. */
  readonly fields: ReadonlyMap<string, Uint8Array>;
  readonly tensors: readonly TensorSource[];
}

const VERSION = 3;

/**
 * Writes a GGUF file and forces it to the disk. The file must not exist yet.
 *
 * @param onBytes told the bytes of tensors written so far
 */
export async function writeGguf(
  path: string,
  { alignment, fields, tensors }: GgufContents,
  { signal, onBytes }: { readonly signal?: AbortSignal; readonly onBytes?: (doneBytes: number) => void } = {},
): Promise<void> {
  const padded = (bytes: number) => Math.ceil(bytes / alignment) * alignment;
  const parts = [Buffer.from('GGUF'), uint32(VERSION), uint64(tensors.length), uint64(fields.size)];
  for (const [key, value] of fields) parts.push(text(key), Buffer.from(value));
  let offset = 0;
  for (const { name, shape, type, sizeBytes } of tensors) {
    parts.push(text(name), uint32(shape.length), ...shape.map(uint64), uint32(type), uint64(offset));
    offset = padded(offset + sizeBytes);
  }
  const header = Buffer.concat(parts);
  const file = await open(path, 'wx', 0o644);
  try {
    let done = 0;
    const pad = async (bytes: number) => file.writeFile(Buffer.alloc(padded(bytes) - bytes));
    await file.writeFile(header);
    await pad(header.length);
    for (const tensor of tensors) {
      for await (const bytes of tensor.data()) {
        throwIfAborted(signal);
        await file.writeFile(bytes);
        done += bytes.length;
        onBytes?.(done);
      }
      await pad(tensor.sizeBytes);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A text as a field's type and value. */
export function textField(value: string): Buffer {
  return Buffer.concat([uint32(STRING), text(value)]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint64(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
