import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError, type LabelRun } from '@repoformer/dataset';
import { AppError } from '@repoformer/domain';
import type { TokenBudgets } from '@repoformer/fim';
import type { Eagerness } from '@repoformer/policy';
import { writeWhole } from '@repoformer/policy-tool';
import type { ServeMode } from './served-request.js';

/** What timings depend on: `run.json` in their folder. */
export interface ServeRun {
  readonly schema: 1;
  readonly model: LabelRun['model'];
  readonly placement: string;
  readonly policy: {
    /** For people. */
    readonly label: string;
    /** Of the fitted policy's file; absent where none is used. */
    readonly sha256?: string;
  };
  readonly eagerness: Eagerness;
  readonly budgets: TokenBudgets;
  readonly modes: readonly ServeMode[];
  readonly threads: number;
  readonly seed: string;
  readonly machine: string;
}

/**
 * Writes down what is measured in a folder, or checks that it is what was measured there before.
 *
 * @throws AppError invalid_argument when the folder holds timings of something else
 */
export async function openServeRun(directory: string, run: ServeRun): Promise<void> {
  const path = join(directory, 'run.json');
  const text = `${JSON.stringify(run, null, 2)}\n`;
  const known = await readFile(path, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileError(path, error);
  });
  if (known === undefined) return writeWhole(path, text);
  const different = differences(known, run);
  if (different === '') return;
  throw new AppError({
    kind: 'invalid_argument',
    reason: 'CONFIG_INVALID',
    message: `${directory} holds timings of ${different}; name another folder with --out`,
  });
}

/** What differs, in words; nothing where nothing does. */
function differences(known: string, run: ServeRun): string {
  let before: Partial<Record<string, unknown>> | null;
  try {
    before = JSON.parse(known) as typeof before;
  } catch {
    return 'something that cannot be read';
  }
  const names = Object.keys(run).filter(
    (name) => JSON.stringify(before?.[name]) !== JSON.stringify(run[name as keyof ServeRun]),
  );
  return names.length === 0 ? '' : `another ${names.join(', ')}`;
}
