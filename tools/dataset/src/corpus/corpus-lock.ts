import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CorpusRepository } from './corpus-repository.js';
import { CORPUS_RULES_VERSION } from './filter/judge-file.js';
import type { CorpusManifest } from './manifest.js';

/** Name of the file that says what a corpus was built of. */
export const CORPUS_LOCK = 'corpus.json';

export interface LockedRepository extends CorpusRepository {
  /** Of repositories that serve evaluation: {@link contentHash} of each of `files`, in their order. */
  readonly contentHashes?: readonly string[];
}

/** What was built: written last, so that a corpus with it is whole as far as `complete` says. */
export interface CorpusLock {
  readonly schema: 1;
  readonly manifest: string;
  /** Digest of the manifest and the rules: another one, and the corpus is built again. */
  readonly key: string;
  readonly repositories: readonly LockedRepository[];
}

/** What a corpus depends on; `heads` are the commits of its local repositories. */
export function corpusKey(manifest: CorpusManifest, heads: readonly (string | undefined)[]): string {
  const value = [CORPUS_RULES_VERSION, manifest, heads.map((head) => head ?? null)];
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

/** The lock of a corpus's folder; undefined when there is none that can be read: it is then built again. */
export async function readCorpusLock(directory: string): Promise<CorpusLock | undefined> {
  try {
    const lock = JSON.parse(await readFile(join(directory, CORPUS_LOCK), 'utf8')) as CorpusLock;
    return lock.schema === 1 && Array.isArray(lock.repositories) ? lock : undefined;
  } catch {
    return undefined;
  }
}

export async function writeCorpusLock(directory: string, lock: CorpusLock): Promise<void> {
  const partial = join(directory, `.${CORPUS_LOCK}.${process.pid}`);
  await writeFile(partial, `${JSON.stringify(lock, null, 1)}\n`);
  await rename(partial, join(directory, CORPUS_LOCK));
}
