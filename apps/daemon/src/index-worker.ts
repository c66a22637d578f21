import { parentPort, workerData } from 'node:worker_threads';
import { GitRepositoryOpener } from '@repoformer/git';
import { IndexService, resolveIndexOptions, serveIndex, storeFormatOptions } from '@repoformer/indexing';
import { openIndexStore } from '@repoformer/store';
import { toNotice, toPlainError } from './index-host/worker-messages.js';
import type {
  WorkerCommand,
  WorkerNotice,
  WorkerReport,
  WorkerSettings,
} from './index-host/worker-messages.js';

/** Files saved in an editor are found so long after it, at the first completion. */
const WORKING_TREE_INTERVAL_MS = 1_000;

/** Runs the index in a thread of its own, so that indexing never holds up an answer. */
async function run(settings: WorkerSettings): Promise<void> {
  const report = (message: WorkerReport): void => parentPort?.postMessage(message);
  const notice = (line: WorkerNotice): void => report({ kind: 'notice', notice: toNotice(line) });
  const options = resolveIndexOptions({
    windowLines: settings.windowLines,
    strideLines: settings.strideLines,
    maxFileBytes: settings.maxFileBytes,
    workingTreeIntervalMs: settings.workingTree ? WORKING_TREE_INTERVAL_MS : 0,
  });
  const store = await openIndexStore({
    directory: settings.directory,
    formatOptions: storeFormatOptions(options),
    onNotice: ({ state, message, setAside }) =>
      notice({ level: 'warn', message, state, ...(setAside !== undefined && { setAside }) }),
  });
  const index = new IndexService({ opener: new GitRepositoryOpener(), store, options, onNotice: notice });
  serveIndex(settings.port, index);
  parentPort?.on('message', (command: WorkerCommand) => {
    if (command.kind !== 'stop') return;
    void (async () => {
      // The store after the service: what it was writing is then complete.
      await index.close();
      await store.close();
      report({ kind: 'stopped' });
      parentPort?.close();
      settings.port.close();
    })();
  });
  report({ kind: 'ready' });
}

run(workerData as WorkerSettings).catch((error: unknown) => {
  parentPort?.postMessage({ kind: 'failed', error: toPlainError(error) } satisfies WorkerReport);
  parentPort?.close();
});
