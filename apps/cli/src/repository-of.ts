import { relative, sep } from 'node:path';
import { AppError } from '@repoformer/domain';
import type { Repository } from '@repoformer/protocol';
import type { CliContext } from './cli-context.js';
import type { DaemonClients } from './daemon/daemon-clients.js';

/** Where a file belongs. */
export interface FileRepository {
  /** Root of the git repository that holds the file; undefined: there is none. */
  readonly root: string | undefined;
  /** What the daemon knows of it; undefined: it is not registered. */
  readonly registered: Repository | undefined;
  /** Path relative to the registered repository, or the file's name alone. */
  readonly path: string;
}

/** Root of the repository around a path; undefined where there is none that we can read. */
export async function findRepositoryRoot(path: string): Promise<string | undefined> {
  // Only here: reading repositories costs a tenth of a second to load.
  const { GitRepositoryOpener } = await import('@repoformer/git');
  for (const place of [path, parentOf(path)]) {
    try {
      const reader = await new GitRepositoryOpener().open(place);
      reader.close();
      return reader.root;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
    }
  }
  return undefined;
}

/** A file that does not exist yet is in the repository of its folder. */
function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf(sep), 1));
}

/** The registered repository that a path lies in; undefined where there is none. */
export async function findRegistered(
  clients: DaemonClients,
  path: string,
  signal: AbortSignal,
): Promise<Repository | undefined> {
  try {
    return (await clients.repository.getRepository({ repository: path }, { signal })).repository;
  } catch (error) {
    const unknown =
      error instanceof AppError && (error.kind === 'not_found' || error.reason === 'NOT_A_REPOSITORY');
    if (unknown) return undefined;
    throw error;
  }
}

/** Finds the repository of a file, and says what to do where it is not registered. */
export async function findRepositoryOf(
  context: CliContext,
  clients: DaemonClients,
  path: string,
  root: string | undefined,
): Promise<FileRepository> {
  const registered = await findRegistered(clients, root ?? path, context.signal);
  if (registered !== undefined) {
    const within = relative(registered.root, path).split(sep).join('/');
    if (within !== '' && !within.startsWith('../')) return { root, registered, path: within };
  }
  const style = context.output.noteStyle;
  context.output.note(
    style.yellow(
      root === undefined
        ? 'This file is in no git repository: nothing is retrieved.'
        : `This repository is not registered, so nothing is retrieved; add it with: repoformer repo add ${quoteArgument(relative(context.host.cwd, root) || '.')}`,
    ),
  );
  return { root, registered: undefined, path: path.slice(path.lastIndexOf(sep) + 1) };
}

/** As a shell takes it. */
export function quoteArgument(text: string): string {
  return /^[\w./@%+=:,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
