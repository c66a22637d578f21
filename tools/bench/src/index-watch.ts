import { until, type Daemon } from '@repoformer/e2e/harness';
import { IndexState } from '@repoformer/protocol';

const PATIENCE_MS = 600_000;

/** Listens to a daemon that tells where its index of a repository stands. */
export class IndexWatch {
  private readonly closing = new AbortController();
  private commit = '';
  private sinceMs = NaN;
  private failure: unknown;

  constructor(daemon: Daemon, root: string) {
    this.listen(daemon, root).catch((error: unknown) => (this.failure = error));
  }

  /** When the index next stands at another commit than now, as `Date.now()` tells time. */
  moved(): Promise<number> {
    const before = this.commit;
    const check = () => {
      if (this.failure !== undefined) throw this.failure;
      return this.commit === before ? undefined : this.sinceMs;
    };
    return until('the index to move', check, PATIENCE_MS);
  }

  close(): void {
    this.closing.abort();
  }

  private async listen(daemon: Daemon, root: string): Promise<void> {
    const { signal } = this.closing;
    for await (const { repository } of daemon.repositories.watchRepository(
      { repository: root },
      { signal },
    )) {
      const { state, indexedCommit, problem } = repository!;
      if (state === IndexState.FAILED) throw new Error(problem);
      if (state !== IndexState.READY || indexedCommit === this.commit) continue;
      this.commit = indexedCommit;
      this.sinceMs = Date.now();
    }
  }
}
