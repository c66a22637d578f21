import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { AppError } from '@repoformer/domain';
import { fileError, PACKED } from '../files/jsonl.js';
import { writeWhole } from '../files/write-whole.js';
import { readLabels } from './label-holes.js';
import { labelRunKey, readLabelRun } from './label-run.js';

export interface PackResult {
  /** Labels that the folder lacked, and all that it holds now. */
  readonly added: number;
  readonly total: number;
}

/**
 * Adds to a folder, as one more compressed file, the labels of a run that it lacks: a form to keep and to hand on. The
 * folder is a run's folder itself. The same labels make the same bytes.
 *
 * @throws AppError failed_precondition/CONFIG_INVALID when the folder holds another run; what the disk reports
 */
export async function packLabels(runDirectory: string, folder: string): Promise<PackResult> {
  const run = await readLabelRun(runDirectory);
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw fileError(folder, error);
  });
  const names = await readdir(folder);
  if (names.includes('run.json') && labelRunKey(await readLabelRun(folder)) !== labelRunKey(run)) {
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'CONFIG_INVALID',
      message: `${folder} holds labels of another model or other settings; name another folder`,
    });
  }
  const held = await readLabels(folder);
  const lacking = [...(await readLabels(runDirectory)).values()]
    .filter(({ id, input }) => held.get(id)?.input !== input)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  await writeWhole(join(folder, 'run.json'), `${JSON.stringify(run, null, 2)}\n`);
  if (lacking.length > 0) {
    const number = names.filter((name) => name.endsWith(PACKED)).length;
    const lines = lacking.map((label) => `${JSON.stringify(label)}\n`).join('');
    const packed = await promisify(gzip)(lines, { level: 9 });
    await writeWhole(join(folder, `labels-pack-${String(number).padStart(3, '0')}.jsonl${PACKED}`), packed);
  }
  return { added: lacking.length, total: new Set([...held.keys(), ...lacking.map(({ id }) => id)]).size };
}
