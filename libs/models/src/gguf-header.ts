import { open, type FileHandle } from 'node:fs/promises';
import { AppError } from '@repoformer/domain';
import { fileError } from './file-error.js';

/** What the beginning of a GGUF file says of the rest. */
export interface GgufHeader {
  readonly version: number;
  readonly sizeBytes: number;
  readonly architecture: string | undefined;
  /** `model`, `adapter`, ... */
  readonly type: string | undefined;
  readonly name: string | undefined;
  readonly licence: string | undefined;
  /** The length it was trained on. */
  readonly contextTokens: number | undefined;
}

const SUPPORTED_VERSIONS = [2, 3];
const SMALLEST_GGUF_BYTES = 24;
/** Bounds against files made to exhaust memory; real headers are far below. */
const MAX_HEADER_BYTES = 256 * 1024 * 1024;
const MAX_STRING_BYTES = 1024 * 1024;
const WINDOW_BYTES = 1024 * 1024;

const FIXED_SIZES: Readonly<Record<number, number>> = {
  0: 1,
  1: 1,
  2: 2,
  3: 2,
  4: 4,
  5: 4,
  6: 4,
  7: 1,
  10: 8,
  11: 8,
  12: 8,
};
const STRING = 8;
const ARRAY = 9;
const UINT32 = 4;
const UINT64 = 10;

/**
 * Reads the header of a GGUF file: magic, version, and the few metadata values that a catalogue entry needs.
 *
 * @throws AppError not_found/MODEL_NOT_FOUND; permission_denied/MODEL_NOT_FOUND;
 * failed_precondition/MODEL_INVALID when it is no GGUF file, or one of a version that cannot be read.
 */
export async function readGgufHeader(path: string): Promise<GgufHeader> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw fileError(`model file ${path}`, cause);
  });
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw invalid(`${path} is no file`);
    return await parseHeader(new Cursor(file, path), stat.size, path);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw fileError(`model file ${path}`, cause);
  } finally {
    await file.close();
  }
}

async function parseHeader(cursor: Cursor, sizeBytes: number, path: string): Promise<GgufHeader> {
  if (sizeBytes < SMALLEST_GGUF_BYTES) throw invalid(`${path} is no GGUF file: it has ${sizeBytes} bytes`);
  if ((await cursor.take(4)).toString('latin1') !== 'GGUF') throw invalid(`${path} is no GGUF file`);
  const version = (await cursor.take(4)).readUInt32LE();
  if (!SUPPORTED_VERSIONS.includes(version)) {
    throw invalid(`${path} is GGUF version ${version}; versions ${SUPPORTED_VERSIONS.join(' and ')} can be read`);
  }
  await cursor.take(8);
  const pairs = await cursor.count();
  const values = new Map<string, string | number>();
  for (let index = 0; index < pairs; index++) {
    const key = await cursor.string();
    const type = await cursor.type();
    const wanted = key.startsWith('general.') || key.endsWith('.context_length');
    if (type === STRING && wanted) values.set(key, await cursor.string());
    else if (type === UINT32 && wanted) values.set(key, (await cursor.take(4)).readUInt32LE());
    else if (type === UINT64 && wanted) values.set(key, await cursor.count());
    else await cursor.skipValue(type);
  }
  const text = (key: string) => {
    const value = values.get(key);
    return typeof value === 'string' ? value : undefined;
  };
  const architecture = text('general.architecture');
  const context = values.get(`${architecture ?? ''}.context_length`);
  return {
    version,
    sizeBytes,
    architecture,
    type: text('general.type'),
    name: text('general.name'),
    licence: text('general.license'),
    contextTokens: typeof context === 'number' ? context : undefined,
  };
}

/** Reads forwards through a file by windows. */
class Cursor {
  #window: Buffer = Buffer.alloc(0);
  #offset = 0;
  #position = 0;

  constructor(
    readonly file: FileHandle,
    readonly path: string,
  ) {}

  async take(length: number): Promise<Buffer> {
    if (this.#offset + length > this.#window.length) await this.#refill(length);
    const bytes = this.#window.subarray(this.#offset, this.#offset + length);
    this.#offset += length;
    return bytes;
  }

  async count(): Promise<number> {
    const value = (await this.take(8)).readBigUInt64LE();
    if (value > BigInt(MAX_HEADER_BYTES)) throw this.#corrupt();
    return Number(value);
  }

  async type(): Promise<number> {
    return (await this.take(4)).readUInt32LE();
  }

  async string(): Promise<string> {
    const length = await this.count();
    if (length > MAX_STRING_BYTES) throw this.#corrupt();
    return (await this.take(length)).toString('utf8');
  }

  async skipValue(type: number): Promise<void> {
    if (type === STRING) return this.#skip(await this.count());
    if (type !== ARRAY) return this.#skip(this.#sizeOf(type));
    const element = await this.type();
    const length = await this.count();
    if (element !== STRING) return this.#skip(this.#sizeOf(element) * length);
    for (let index = 0; index < length; index++) this.#skip(await this.count());
  }

  #sizeOf(type: number): number {
    const size = FIXED_SIZES[type];
    if (size === undefined) throw this.#corrupt();
    return size;
  }

  #skip(length: number): void {
    this.#offset += length;
  }

  async #refill(length: number): Promise<void> {
    this.#position += this.#offset;
    this.#offset = 0;
    if (this.#position + length > MAX_HEADER_BYTES) throw this.#corrupt();
    const window = Buffer.alloc(Math.max(WINDOW_BYTES, length));
    let filled = 0;
    while (filled < window.length) {
      const { bytesRead } = await this.file.read(
        window,
        filled,
        window.length - filled,
        this.#position + filled,
      );
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    if (filled < length) throw this.#corrupt();
    this.#window = window.subarray(0, filled);
  }

  #corrupt(): AppError {
    return invalid(`${this.path} has a corrupt GGUF header, or is cut off`);
  }
}

function invalid(message: string): AppError {
  return new AppError({ kind: 'failed_precondition', reason: 'MODEL_INVALID', message });
}
