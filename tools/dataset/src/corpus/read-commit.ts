import { AppError } from '@repoformer/domain';
import { git } from './git.js';

const NEWLINE = 10;

/** A file of a commit, as git holds it. */
export interface CommittedFile {
  readonly path: string;
  readonly oid: string;
}

/** The regular files of a commit; links and submodules are left out. */
export async function listCommit(
  root: string,
  commit: string,
  signal?: AbortSignal,
): Promise<CommittedFile[]> {
  const output = await git(root, ['ls-tree', '-r', '-z', '--full-tree', commit], { signal });
  const files: CommittedFile[] = [];
  for (const row of output.toString('utf8').split('\0')) {
    const [, mode, oid, path] = /^(\d+) blob ([0-9a-f]+)\t(.+)$/s.exec(row) ?? [];
    if (mode?.startsWith('100') && oid !== undefined && path !== undefined) files.push({ path, oid });
  }
  return files;
}

/** The content of blobs, in the order asked for. */
export async function readBlobs(
  root: string,
  oids: readonly string[],
  signal?: AbortSignal,
): Promise<Uint8Array[]> {
  if (oids.length === 0) return [];
  const output = await git(root, ['cat-file', '--batch'], {
    signal,
    input: Buffer.from(oids.map((oid) => `${oid}\n`).join('')),
  });
  const blobs: Uint8Array[] = [];
  for (let at = 0; at < output.length;) {
    const newline = output.indexOf(NEWLINE, at);
    const [, size] = /^[0-9a-f]+ blob (\d+)$/.exec(output.subarray(at, newline).toString('latin1')) ?? [];
    if (size === undefined) break;
    blobs.push(output.subarray(newline + 1, newline + 1 + Number(size)));
    at = newline + 1 + Number(size) + 1;
  }
  if (blobs.length === oids.length) return blobs;
  throw new AppError({
    kind: 'failed_precondition',
    reason: 'OBJECT_MISSING',
    message: `${root}: objects of its commit are missing; fetch them (a partial clone has not got them all)`,
  });
}
