import { join } from 'node:path';
import type { RepositoryReader } from '@repoformer/domain';
import { DirectoryWatch } from './directory-watch.js';
import { watchLoop } from './watch-loop.js';

export interface WatchHeadOptions {
  /** Default 3000. */
  readonly pollMs?: number;
  /** Wait after a change for the others that belong to it; default 50. */
  readonly debounceMs?: number;
}

const MAX_DELAY_MS = 500;

/**
 * Calls `onMoved` whenever HEAD comes to name another commit, whatever moved it: hooks that were skipped,
 * reset, another worktree, a fetch. HEAD and its reflog are watched; a slow poll finds what no event tells.
 * Resolves once HEAD has been read for the first time; changes from then on are reported, until the signal
 * is aborted. Never rejects, never keeps the process alive, and survives the repository being deleted and
 * made again; an `onMoved` that throws is ignored.
 */
export async function watchHead(
  reader: RepositoryReader,
  onMoved: (head: string | undefined) => void,
  signal: AbortSignal,
  options: WatchHeadOptions = {},
): Promise<void> {
  if (signal.aborted) return;
  let known = await reader.readHead().catch(() => undefined);
  if (signal.aborted) return;

  const check = async (): Promise<void> => {
    for (const directory of directories) directory.ensure();
    const head = await reader.readHead();
    if (head === known || signal.aborted) return;
    known = head;
    onMoved(head);
  };
  const changed = watchLoop(check, signal, {
    debounceMs: options.debounceMs ?? 50,
    maxDelayMs: MAX_DELAY_MS,
    pollMs: options.pollMs ?? 3000,
  });
  const onChange = (file: string | undefined): void => {
    // The index and lock files in the same directory change all the time and move nothing.
    if (file === undefined || file === 'HEAD' || file === 'logs') changed();
  };
  const directories = [reader.gitDirectory, join(reader.gitDirectory, 'logs')].map(
    (path) => new DirectoryWatch(path, onChange),
  );
  for (const directory of directories) directory.ensure();
  signal.addEventListener('abort', () => directories.forEach((directory) => directory.close()), {
    once: true,
  });
  // What happened between the first read and the first watch.
  changed();
}
