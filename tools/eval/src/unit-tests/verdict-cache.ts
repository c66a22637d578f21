import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError } from '@repoformer/domain';
import type { TestOutcome } from './run-unit-tests.js';

/** Remembers how tests ended, by a key of all that they depend on. */
export interface VerdictCache {
  get(key: string): TestOutcome | undefined;
  set(key: string, outcome: TestOutcome): Promise<void>;
}

/** A cache that lasts as long as the process. */
export function createVerdictCache(): VerdictCache {
  const known = new Map<string, TestOutcome>();
  return {
    get: (key) => known.get(key),
    set: (key, outcome) => {
      known.set(key, outcome);
      return Promise.resolve();
    },
  };
}

const LINE = /^([0-9a-f]{64}) (passed|failed|timed_out|killed_memory)$/;

/**
 * A cache in a file, one verdict a line, appended as they come. A line that is cut off or not understood (a run that
 * was killed) is passed over: its tests are run again.
 *
 * @throws AppError failed_precondition when the file can be neither read nor made.
 */
export async function openVerdictCache(file: string): Promise<VerdictCache> {
  const known = new Map<string, TestOutcome>();
  try {
    await mkdir(dirname(file), { recursive: true });
    // Opened for appending, which makes it; a leading line end closes a line that was cut off.
    await appendFile(file, '');
    const text = await readFile(file, 'utf8');
    if (text !== '' && !text.endsWith('\n')) await appendFile(file, '\n');
    for (const line of text.split('\n')) {
      const [, key, outcome] = LINE.exec(line) ?? [];
      if (key !== undefined) known.set(key, outcome as TestOutcome);
    }
  } catch (error) {
    throw cannotKeep(file, error);
  }
  return {
    get: (key) => known.get(key),
    set: async (key, outcome) => {
      known.set(key, outcome);
      await appendFile(file, `${key} ${outcome}\n`).catch((error: unknown) => {
        throw cannotKeep(file, error);
      });
    },
  };
}

function cannotKeep(file: string, cause: unknown): AppError {
  return new AppError({
    kind: 'failed_precondition',
    reason: 'INVALID_REQUEST',
    message: `Verdicts cannot be kept in ${file} (${(cause as NodeJS.ErrnoException).code}).`,
    cause,
  });
}
