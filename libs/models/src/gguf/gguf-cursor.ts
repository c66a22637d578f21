import type { FileHandle } from 'node:fs/promises';
import { AppError } from '@repoformer/domain';

const SUPPORTED_VERSIONS = [2, 3];
const SMALLEST_GGUF_BYTES = 24;
/** Bounds against files made to exhaust memory; real headers are far below. */
const MAX_HEADER_BYTES = 256 * 1024 * 1024;
const MAX_STRING_BYTES = 1024 * 1024;
const WINDOW_BYTES = 1024 * 1024;

/** Types of metadata values that are looked at. */
export const UINT32 = 4;
export const FLOAT32 = 6;
export const STRING = 8;
export const ARRAY = 9;
export const UINT64 = 10;

const FIXED_SIZES: Readonly<Record<number, number>> = {
  0: 1,
  1: 1,
  2: 2,
  3: 2,
  [UINT32]: 4,
  5: 4,
  [FLOAT32]: 4,
  7: 1,
  [UINT64]: 8,
  11: 8,
  12: 8,
};

/** Reads forwards through the header of a GGUF file. */
export class GgufCursor {
  #window: Buffer = Buffer.alloc(0);
  #offset = 0;
  #position = 0;

  constructor(
    private readonly file: FileHandle,
    readonly path: string,
  ) {}

  /** Place in the file, in bytes. */
  get position(): number {
    return this.#position + this.#offset;
  }

  /**
   * Magic, version and the two counts that a file begins with.
   *
   * @throws AppError failed_precondition/MODEL_INVALID
   */
  async begin(sizeBytes: number): Promise<{ version: number; tensors: number; pairs: number }> {
    const { path } = this;
    if (sizeBytes < SMALLEST_GGUF_BYTES) {
      throw invalidGguf(`${path} is no GGUF file: it has ${sizeBytes} bytes`);
    }
    if ((await this.take(4)).toString('latin1') !== 'GGUF') throw invalidGguf(`${path} is no GGUF file`);
    const version = await this.type();
    if (!SUPPORTED_VERSIONS.includes(version)) {
      throw invalidGguf(
        `${path} is GGUF version ${version}; versions ${SUPPORTED_VERSIONS.join(' and ')} can be read`,
      );
    }
    return { version, tensors: await this.count(), pairs: await this.count() };
  }

  async take(length: number): Promise<Buffer> {
    if (this.#offset + length > this.#window.length) await this.#refill(length);
    const bytes = this.#window.subarray(this.#offset, this.#offset + length);
    this.#offset += length;
    return bytes;
  }

  async count(): Promise<number> {
    const value = (await this.take(8)).readBigUInt64LE();
    if (value > BigInt(MAX_HEADER_BYTES)) throw this.corrupt();
    return Number(value);
  }

  /** A number of 32 bits. */
  async type(): Promise<number> {
    return (await this.take(4)).readUInt32LE();
  }

  /** A number of 64 bits that a file's size bounds. */
  async offset(): Promise<number> {
    const value = (await this.take(8)).readBigUInt64LE();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw this.corrupt();
    return Number(value);
  }

  async string(): Promise<string> {
    const length = await this.count();
    if (length > MAX_STRING_BYTES) throw this.corrupt();
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

  corrupt(): AppError {
    return invalidGguf(`${this.path} has a corrupt GGUF header, or is cut off`);
  }

  #sizeOf(type: number): number {
    const size = FIXED_SIZES[type];
    if (size === undefined) throw this.corrupt();
    return size;
  }

  #skip(length: number): void {
    this.#offset += length;
  }

  async #refill(length: number): Promise<void> {
    this.#position += this.#offset;
    this.#offset = 0;
    if (this.#position + length > MAX_HEADER_BYTES) throw this.corrupt();
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
    if (filled < length) throw this.corrupt();
    this.#window = window.subarray(0, filled);
  }
}

export function invalidGguf(message: string): AppError {
  return new AppError({ kind: 'failed_precondition', reason: 'MODEL_INVALID', message });
}
