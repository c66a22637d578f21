import { open } from 'node:fs/promises';
import { AppError } from '@repoformer/domain';
import { fileError } from '../file-error.js';
import { GgufCursor, invalidGguf, STRING, UINT32, UINT64 } from './gguf-cursor.js';

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
    if (!stat.isFile()) throw invalidGguf(`${path} is no file`);
    return await parseHeader(new GgufCursor(file, path), stat.size);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw fileError(`model file ${path}`, cause);
  } finally {
    await file.close();
  }
}

async function parseHeader(cursor: GgufCursor, sizeBytes: number): Promise<GgufHeader> {
  const { version, pairs } = await cursor.begin(sizeBytes);
  const values = new Map<string, string | number>();
  for (let index = 0; index < pairs; index++) {
    const key = await cursor.string();
    const type = await cursor.type();
    const wanted = key.startsWith('general.') || key.endsWith('.context_length');
    if (type === STRING && wanted) values.set(key, await cursor.string());
    else if (type === UINT32 && wanted) values.set(key, await cursor.type());
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
