import { open, type FileHandle } from 'node:fs/promises';
import { AppError } from '@repoformer/domain';
import { fileError } from '../file-error.js';
import { FLOAT32, GgufCursor, invalidGguf, STRING, UINT32 } from './gguf-cursor.js';
import { tensorTypeOf } from './tensor-types.js';

/** A value of the metadata, as it lies in the file. */
export interface GgufField {
  readonly key: string;
  /** Place of its type and value in the file, in bytes. */
  readonly start: number;
  readonly end: number;
  /** Of texts and numbers of 32 bits in `general.` and `adapter.`. */
  readonly value?: string | number;
}

export interface GgufTensor {
  readonly name: string;
  /** Innermost first: values of a row, then rows. */
  readonly shape: readonly number[];
  /** Number that ggml has for the type. */
  readonly type: number;
  /** Place in the file, in bytes. */
  readonly start: number;
  /** Up to where the next one begins. */
  readonly sizeBytes: number;
}

const ALIGNMENT_KEY = 'general.alignment';
const DEFAULT_ALIGNMENT = 32;
/** Real models have some hundreds. */
const MAX_TENSORS = 100_000;
const MAX_DIMENSIONS = 4;

/** All that stands in a GGUF file. Tensors stay on the disk until they are read. */
export class GgufFile {
  constructor(
    readonly path: string,
    private readonly file: FileHandle,
    readonly alignment: number,
    readonly fields: readonly GgufField[],
    readonly tensors: readonly GgufTensor[],
  ) {}

  value(key: string): string | number | undefined {
    return this.fields.find((field) => field.key === key)?.value;
  }

  /** Reads bytes of the file. @throws AppError when it has become shorter meanwhile */
  async read(start: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(length);
    for (let done = 0; done < length;) {
      const { bytesRead } = await this.file.read(bytes, done, length - done, start + done);
      if (bytesRead === 0) throw invalidGguf(`${this.path} is cut off`);
      done += bytesRead;
    }
    return bytes;
  }

  async close(): Promise<void> {
    await this.file.close();
  }
}

/** @throws AppError not_found or permission_denied/MODEL_NOT_FOUND; failed_precondition/MODEL_INVALID */
export async function openGguf(path: string): Promise<GgufFile> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw fileError(`model file ${path}`, cause);
  });
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw invalidGguf(`${path} is no file`);
    return await parse(path, file, stat.size);
  } catch (cause) {
    await file.close();
    throw cause instanceof AppError ? cause : fileError(`model file ${path}`, cause);
  }
}

async function parse(path: string, file: FileHandle, sizeBytes: number): Promise<GgufFile> {
  const cursor = new GgufCursor(file, path);
  const { tensors: count, pairs } = await cursor.begin(sizeBytes);
  if (count > MAX_TENSORS) throw cursor.corrupt();
  const fields: GgufField[] = [];
  for (let index = 0; index < pairs; index++) {
    const key = await cursor.string();
    const start = cursor.position;
    const type = await cursor.type();
    const value = /^(general|adapter)\./.test(key) ? await readValue(cursor, type) : undefined;
    if (value === undefined) await cursor.skipValue(type);
    fields.push({ key, start, end: cursor.position, ...(value !== undefined && { value }) });
  }
  const infos: Omit<GgufTensor, 'sizeBytes'>[] = [];
  for (let index = 0; index < count; index++) {
    const name = await cursor.string();
    const dimensions = await cursor.type();
    if (dimensions > MAX_DIMENSIONS) throw cursor.corrupt();
    const shape: number[] = [];
    for (let i = 0; i < dimensions; i++) shape.push(await cursor.offset());
    infos.push({ name, shape, type: await cursor.type(), start: await cursor.offset() });
  }
  const alignment = fields.find(({ key }) => key === ALIGNMENT_KEY)?.value ?? DEFAULT_ALIGNMENT;
  if (typeof alignment !== 'number' || !(alignment > 0)) throw cursor.corrupt();
  const dataStart = Math.ceil(cursor.position / alignment) * alignment;
  const starts = infos.map(({ start }) => dataStart + start).sort((a, b) => a - b);
  const tensors = infos.map(({ start, ...info }): GgufTensor => {
    const from = dataStart + start;
    const next = starts.find((each) => each > from) ?? sizeBytes;
    const tensor = { ...info, start: from, sizeBytes: next - from };
    if ((layoutBytes(tensor) ?? 0) > tensor.sizeBytes) {
      throw invalidGguf(`${path} is cut off, or its tensors overlap`);
    }
    return tensor;
  });
  return new GgufFile(path, file, alignment, fields, tensors);
}

async function readValue(cursor: GgufCursor, type: number): Promise<string | number | undefined> {
  if (type === STRING) return cursor.string();
  if (type === UINT32) return cursor.type();
  if (type === FLOAT32) return (await cursor.take(4)).readFloatLE();
  return undefined;
}

/** Bytes of a tensor's values; undefined for a type that is not known here. */
export function layoutBytes({ shape, type }: Pick<GgufTensor, 'shape' | 'type'>): number | undefined {
  const layout = tensorTypeOf(type);
  const values = shape.reduce((product, each) => product * each, 1);
  if (layout === undefined || values % layout.blockValues !== 0) return undefined;
  return (values / layout.blockValues) * layout.blockBytes;
}
