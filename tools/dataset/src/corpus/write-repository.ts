import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { git } from './git.js';
import { STAGING_PREFIX } from './safe-name.js';

export interface RepositoryFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Kept inside `.git`: digest of what the repository was made from, and the commit that came of it. */
const STAMP = join('.git', 'repoformer-corpus.json');

/**
 * Makes a git repository of one commit at `root`, whole or not at all: it is built beside it and renamed. The
 * commit depends on name, paths and contents only. One that is there already and was made from the same is left
 * as it is.
 *
 * @returns the commit's object id
 * @throws AppError
 */
export async function writeRepository(
  root: string,
  name: string,
  files: readonly RepositoryFile[],
  signal?: AbortSignal,
): Promise<string> {
  const digest = digestOf(name, files);
  const present = await readStamp(root);
  if (present?.digest === digest && (await headOf(root, signal)) === present.commit) return present.commit;
  await mkdir(dirname(root), { recursive: true });
  const staging = await mkdtemp(join(dirname(root), STAGING_PREFIX));
  try {
    for (const { path, bytes } of files) {
      await mkdir(dirname(join(staging, path)), { recursive: true });
      await writeFile(join(staging, path), bytes, { flag: 'wx' });
    }
    // No template: it might hold hooks.
    const init = ['init', '--quiet', '--template=', '--initial-branch=main', '--object-format=sha1', '.'];
    await git(staging, init, { signal });
    await git(staging, ['add', '--all', '--force', '.'], { signal });
    await git(staging, ['commit', '--quiet', '--no-verify', '--allow-empty', `--message=${name}`], {
      signal,
    });
    const commit = (await git(staging, ['rev-parse', 'HEAD'], { signal })).toString('latin1').trim();
    await writeFile(join(staging, STAMP), JSON.stringify({ digest, commit }));
    await replaceFolder(staging, root);
    return commit;
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** The commit a repository's HEAD names; undefined when there is none. */
export async function headOf(root: string, signal?: AbortSignal): Promise<string | undefined> {
  try {
    return (await git(root, ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'], { signal }))
      .toString('latin1')
      .trim();
  } catch (error) {
    if (signal?.aborted) throw error;
    return undefined;
  }
}

async function replaceFolder(from: string, to: string): Promise<void> {
  const old = `${from}.old`;
  const hadOld = await rename(to, old).then(
    () => true,
    () => false,
  );
  await rename(from, to);
  if (hadOld) await rm(old, { recursive: true, force: true });
}

function digestOf(name: string, files: readonly RepositoryFile[]): string {
  const digest = createHash('sha256').update(`1\0${name}\0`);
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  for (const { path, bytes } of sorted) {
    digest.update(`${path}\0${createHash('sha256').update(bytes).digest('hex')}\0`);
  }
  return digest.digest('hex');
}

async function readStamp(root: string): Promise<{ digest: string; commit: string } | undefined> {
  try {
    const { digest, commit } = JSON.parse(await readFile(join(root, STAMP), 'utf8')) as Record<
      string,
      unknown
    >;
    return typeof digest === 'string' && typeof commit === 'string' ? { digest, commit } : undefined;
  } catch {
    return undefined;
  }
}
