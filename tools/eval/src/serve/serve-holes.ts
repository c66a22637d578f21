import { join } from 'node:path';
import { JsonlWriter, readJsonl, tryLock, type Hole } from '@repoformer/dataset';
import { AppError, isCancellation } from '@repoformer/domain';
import type { HoleServer } from './hole-server.js';
import { parseServedHole, type ServedHole, type ServeMode } from './served-request.js';

export interface ServeOptions {
  /** Timings go to `requests.jsonl` in it. */
  readonly directory: string;
  readonly modes: readonly ServeMode[];
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: ServeProgress) => void;
}

export interface ServeProgress {
  readonly done: number;
  readonly total: number;
  /** Measured by this call, holes a second; undefined before the first. */
  readonly rate: number | undefined;
}

/** A hole, and what the index calls its repository. */
export interface ServableHole {
  readonly hole: Hole;
  readonly repositoryId: string;
}

/**
 * Measures holes that have not been measured yet; each is durable before the next is begun.
 *
 * @returns all of the wanted holes that are measured; aborted, so far
 * @throws AppError unavailable when another process measures there; what the model reports
 */
export async function serveHoles(
  holes: readonly ServableHole[],
  server: Pick<HoleServer, 'serve'>,
  { directory, modes, signal, onProgress }: ServeOptions,
): Promise<ServedHole[]> {
  const path = join(directory, 'requests.jsonl');
  const lock = await tryLock(`${path}.lock`);
  if (!lock) {
    throw new AppError({
      kind: 'unavailable',
      reason: 'STORE_IN_USE',
      message: `${path}: another process measures there; wait until it has finished`,
    });
  }
  try {
    const writer = await JsonlWriter.open(path);
    const known = new Map<string, ServedHole>();
    try {
      for await (const served of readJsonl(path, parseServedHole)) known.set(served.id, served);
      const lacking = holes.filter(({ hole }) => !known.has(hole.id));
      const startedAt = performance.now();
      for (const [done, { hole, repositoryId }] of lacking.entries()) {
        const seconds = (performance.now() - startedAt) / 1000;
        onProgress?.({
          done: holes.length - lacking.length + done,
          total: holes.length,
          rate: done === 0 ? undefined : done / seconds,
        });
        const served = await server.serve(hole, repositoryId, modes, signal);
        await writer.append(served);
        known.set(served.id, served);
      }
    } catch (error) {
      if (!signal.aborted || !isCancellation(error)) throw error;
    } finally {
      await writer.close();
    }
    return holes.flatMap(({ hole }) => known.get(hole.id) ?? []);
  } finally {
    await lock.release();
  }
}
