import { realpathSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { AppError, invalidArgument } from '@repoformer/domain';
import { MAX_CONFIG_BYTES, parseGitBoolean, parseGitConfig } from './git-config.js';
import { isAbsent, readTextFile, unreadable } from './regular-file.js';

const MAX_POINTER_BYTES = 64 << 10;

/** Where a repository's parts lie; all paths are absolute real paths. */
export interface RepositoryLayout {
  /** The working tree's root; the git directory itself where there is no working tree. */
  readonly root: string;
  readonly bare: boolean;
  readonly gitDirectory: string;
  readonly commonDirectory: string;
  /** Values of the common directory's configuration file. */
  readonly config: ReadonlyMap<string, string>;
}

/**
 * Finds the repository that a path belongs to, searching upwards as git does (but regardless of its
 * environment variables and of who owns the files: nothing found there is ever executed).
 * @throws AppError invalid_argument/NOT_A_REPOSITORY.
 */
export function discoverRepository(path: string): RepositoryLayout {
  if (!isAbsolute(path) || path.includes('\0')) {
    throw invalidArgument('path', 'must be an absolute path of a folder or file in a git repository');
  }
  let real: string;
  try {
    real = realpathSync(path);
  } catch (error) {
    if (isAbsent(error)) throw notARepository(path, 'there is no such file or folder', error);
    throw unreadable(path, error);
  }
  for (let directory = isDirectory(real) ? real : dirname(real); ; directory = dirname(directory)) {
    const layout = layoutAt(directory);
    if (layout) return layout;
    if (directory === dirname(directory)) break;
  }
  throw notARepository(path, 'neither it nor a folder above it holds a git repository; run "git init" first');
}

function layoutAt(directory: string): RepositoryLayout | undefined {
  const dotGit = join(directory, '.git');
  const pointer = isDirectory(dotGit) ? undefined : readTextFile(dotGit, MAX_POINTER_BYTES);
  if (pointer !== undefined) {
    const target = /^gitdir: (.+?)\r?\n*$/s.exec(pointer)?.[1];
    const gitDirectory = target === undefined ? undefined : realGitDirectory(resolve(directory, target));
    if (gitDirectory) return describe(gitDirectory, directory);
    throw notARepository(directory, `${dotGit} names a git directory that is not there`);
  }
  const nested = realGitDirectory(dotGit);
  if (nested) return describe(nested, directory);
  const itself = realGitDirectory(directory);
  return itself ? describe(itself, workingTreeOf(itself)) : undefined;
}

/** The real path, if it is a git directory by git's own test: HEAD, objects and refs. */
function realGitDirectory(path: string): string | undefined {
  let real: string;
  try {
    real = realpathSync(path);
  } catch {
    return undefined;
  }
  if (!isDirectory(real) || readTextFile(join(real, 'HEAD'), MAX_POINTER_BYTES) === undefined)
    return undefined;
  const common = commonDirectoryOf(real);
  return isDirectory(join(common, 'objects')) && isDirectory(join(common, 'refs')) ? real : undefined;
}

function commonDirectoryOf(gitDirectory: string): string {
  const target = readTextFile(join(gitDirectory, 'commondir'), MAX_POINTER_BYTES)?.replace(/\r?\n*$/, '');
  if (!target) return gitDirectory;
  try {
    return realpathSync(resolve(gitDirectory, target));
  } catch {
    return resolve(gitDirectory, target);
  }
}

function describe(gitDirectory: string, workingTree: string | undefined): RepositoryLayout {
  const commonDirectory = commonDirectoryOf(gitDirectory);
  const config = parseGitConfig(readTextFile(join(commonDirectory, 'config'), MAX_CONFIG_BYTES) ?? '');
  // A linked worktree of a bare repository is not bare although the shared configuration says so.
  const bare =
    workingTree === undefined ||
    (gitDirectory === commonDirectory && parseGitBoolean(config.get('core.bare')) === true);
  return { root: bare ? gitDirectory : workingTree!, bare, gitDirectory, commonDirectory, config };
}

/**
 * The working tree of a git directory that was named directly. A folder counts only if its own `.git`
 * leads back, so that a repository cannot claim a folder that is not its own.
 */
function workingTreeOf(gitDirectory: string): string | undefined {
  const back = readTextFile(join(gitDirectory, 'gitdir'), MAX_POINTER_BYTES)?.trim();
  const config = parseGitConfig(readTextFile(join(gitDirectory, 'config'), MAX_CONFIG_BYTES) ?? '');
  const worktree = config.get('core.worktree');
  const candidates = [
    ...(back ? [dirname(resolve(gitDirectory, back))] : []),
    ...(worktree ? [resolve(gitDirectory, worktree)] : []),
    ...(basename(gitDirectory) === '.git' ? [dirname(gitDirectory)] : []),
  ];
  for (const candidate of candidates) {
    try {
      const real = realpathSync(candidate);
      const dotGit = join(real, '.git');
      const pointer = isDirectory(dotGit) ? undefined : readTextFile(dotGit, MAX_POINTER_BYTES);
      const target = pointer === undefined ? dotGit : resolve(real, pointer.replace(/^gitdir: /, '').trim());
      if (realpathSync(target) === gitDirectory) return real;
    } catch {
      // Not there: the next candidate.
    }
  }
  return undefined;
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    if (isAbsent(error)) return false;
    throw unreadable(path, error);
  }
}

function notARepository(path: string, why: string, cause?: unknown): AppError {
  return new AppError({
    kind: 'invalid_argument',
    reason: 'NOT_A_REPOSITORY',
    message: `${path} is not in a git repository: ${why}`,
    meta: { path },
    cause,
  });
}
