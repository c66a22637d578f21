import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { StoredRepository } from '@repoformer/domain';

/** What of a repository outlives the loss of the index: which it is and since when. */
export type RegisteredRepository = Pick<StoredRepository, 'id' | 'root' | 'addedAtMs'>;

const FILE_NAME = 'repositories.json';

/** The registered repositories; empty when the file is absent or not readable as such. */
export function readRegistry(directory: string): RegisteredRepository[] {
  try {
    const value = JSON.parse(readFileSync(join(directory, FILE_NAME), 'utf8')) as unknown;
    return Array.isArray(value) ? value.filter(isRegistered).map(pick) : [];
  } catch {
    return [];
  }
}

/** Replaces the list as a whole: a crash leaves the old list or the new one. */
export function writeRegistry(directory: string, repositories: readonly RegisteredRepository[]): void {
  const path = join(directory, FILE_NAME);
  const file = openSync(`${path}.new`, 'w', 0o600);
  try {
    writeSync(file, JSON.stringify(repositories.map(pick), undefined, 2) + '\n');
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(`${path}.new`, path);
}

function pick({ id, root, addedAtMs }: RegisteredRepository): RegisteredRepository {
  return { id, root, addedAtMs };
}

function isRegistered(value: unknown): value is RegisteredRepository {
  const { id, root, addedAtMs } = (value ?? {}) as Partial<RegisteredRepository>;
  return /^[0-9a-f]{16}$/.test(id ?? '') && typeof root === 'string' && typeof addedAtMs === 'number';
}
