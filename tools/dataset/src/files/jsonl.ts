import { createReadStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { AppError } from '@repoformer/domain';

const LINE_FEED = 0x0a;
const TAIL_BYTES = 64 * 1024;
/** Ends the names of compressed files. */
export const PACKED = '.gz';

/**
 * Reads a file of one JSON value a line, compressed by gzip if its name ends so. A last line without its line end was
 * being written when the writer died and is left out; compressed files are written whole.
 *
 * @param parse makes a record of a line's value; what it throws is reported with file and line
 * @param options.whole the file was written at once: a last line without its end is damage
 * @throws AppError data_loss/CONFIG_INVALID naming file and line; not_found when the file is not there
 */
export async function* readJsonl<T>(
  path: string,
  parse: (value: unknown) => T,
  { whole = false }: { readonly whole?: boolean } = {},
): AsyncGenerator<T, void, void> {
  const handle = await openFile(path);
  const { size } = await handle.stat();
  const isPacked = path.endsWith(PACKED);
  const completeBytes = isPacked ? size : await completeLength(handle);
  await handle.close();
  if ((whole || isPacked) && (size === 0 || completeBytes < size)) throw cutShort(path);
  if (completeBytes === 0) return;
  const stream = createReadStream(path, { end: completeBytes - 1 });
  const unpacked = isPacked ? pipeline(stream, createGunzip(), () => undefined) : stream;
  const lines = createInterface({ input: unpacked, crlfDelay: Infinity });
  let number = 0;
  try {
    for await (const line of lines) {
      number++;
      if (line.trim() === '') continue;
      yield parse(JSON.parse(line));
    }
  } catch (error) {
    if (error instanceof AppError && error.kind !== 'invalid_argument') throw error;
    if ((error as NodeJS.ErrnoException).code?.startsWith('Z_')) throw cutShort(path, error);
    throw new AppError({
      kind: 'data_loss',
      reason: 'CONFIG_INVALID',
      message: `${path}, line ${number}: ${error instanceof Error ? error.message : 'it cannot be read'}; remove the line, or the file, and run the command again`,
      cause: error,
    });
  } finally {
    lines.close();
    // A reader may have had enough.
    stream.destroy();
  }
}

function cutShort(path: string, cause?: unknown): AppError {
  return new AppError({
    kind: 'data_loss',
    reason: 'CONFIG_INVALID',
    message: `${path}: the file is cut short or damaged; run the command that made it again`,
    cause,
  });
}

/** Appends records to a file, one after the other, each durable when its promise resolves. */
export class JsonlWriter {
  #last: Promise<void> = Promise.resolve();

  private constructor(
    private readonly path: string,
    private readonly handle: FileHandle,
    private length: number,
  ) {}

  /** Opens a file for appending, cutting off a line that was never finished. */
  static async open(path: string): Promise<JsonlWriter> {
    const handle = await open(path, 'a+').catch((error: unknown) => {
      throw fileError(path, error);
    });
    const length = await completeLength(handle);
    await handle.truncate(length);
    return new JsonlWriter(path, handle, length);
  }

  /**
   * @throws AppError resource_exhausted when the disk is full; what was appended before stays whole
   */
  append(record: unknown): Promise<void> {
    const appended = this.#last.catch(() => undefined).then(() => this.#append(record));
    this.#last = appended;
    return appended;
  }

  async #append(record: unknown): Promise<void> {
    const line = Buffer.from(`${JSON.stringify(record)}\n`);
    try {
      await this.handle.appendFile(line);
      await this.handle.datasync();
      this.length += line.length;
    } catch (error) {
      // Half a line must not be left for the next one to be glued to.
      await this.handle.truncate(this.length).catch(() => undefined);
      throw fileError(this.path, error);
    }
  }

  async close(): Promise<void> {
    await this.#last.catch(() => undefined);
    await this.handle.close();
  }
}

/** Length of the file up to and with its last line end. */
async function completeLength(handle: FileHandle): Promise<number> {
  const { size } = await handle.stat();
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - TAIL_BYTES);
    const { buffer } = await handle.read({ buffer: Buffer.alloc(end - start), position: start });
    const at = buffer.lastIndexOf(LINE_FEED);
    if (at >= 0) return start + at + 1;
    end = start;
  }
  return 0;
}

async function openFile(path: string): Promise<FileHandle> {
  return open(path, 'r').catch((error: unknown) => {
    throw fileError(path, error);
  });
}

/** What the file system reports, as an error that says what to do. */
export function fileError(path: string, error: unknown): AppError {
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? '';
  const known = FILE_ERRORS[code];
  return new AppError({
    kind: known?.kind ?? 'unavailable',
    reason: known?.reason ?? 'STORE_UNAVAILABLE',
    message: `${path}: ${known?.message ?? `it cannot be read or written (${code || 'unknown'})`}`,
    cause: error,
  });
}

const FILE_ERRORS: Readonly<
  Record<string, { kind: AppError['kind']; reason: AppError['reason']; message: string }>
> = {
  ENOENT: { kind: 'not_found', reason: 'CONFIG_INVALID', message: 'there is no such file' },
  EISDIR: { kind: 'invalid_argument', reason: 'CONFIG_INVALID', message: 'it is a folder, not a file' },
  ENOSPC: {
    kind: 'resource_exhausted',
    reason: 'STORE_UNAVAILABLE',
    message: 'the disk is full; free some space and run the command again: it goes on where it stopped',
  },
  EDQUOT: {
    kind: 'resource_exhausted',
    reason: 'STORE_UNAVAILABLE',
    message:
      'the disk quota is used up; free some space and run the command again: it goes on where it stopped',
  },
  EACCES: { kind: 'permission_denied', reason: 'STORE_UNAVAILABLE', message: 'permission denied' },
  EROFS: { kind: 'permission_denied', reason: 'STORE_UNAVAILABLE', message: 'the file system is read-only' },
};
