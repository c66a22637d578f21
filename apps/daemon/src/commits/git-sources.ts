import { GitRepositoryOpener, HookSpool, watchHead } from '@repoformer/git';
import type { CommitSources } from './commit-signals.js';

/** News of commits from the hooks' spool directory and from each repository's HEAD. */
export function createGitSources(spoolDirectory: string): CommitSources {
  const opener = new GitRepositoryOpener();
  return {
    openSpool(onCommit) {
      const controller = new AbortController();
      new HookSpool(spoolDirectory).watch(
        ({ directory, cause }) => onCommit(directory, cause),
        controller.signal,
      );
      return { close: () => controller.abort() };
    },
    async watchHead(root, onMove) {
      const controller = new AbortController();
      const reader = await opener.open(root);
      await watchHead(reader, () => onMove(), controller.signal);
      return {
        close() {
          controller.abort();
          reader.close();
        },
      };
    },
  };
}
