import { MessageChannel, Worker } from 'node:worker_threads';
import { AppError } from '@repoformer/domain';
import { connectIndex } from '@repoformer/indexing';
import type { IndexBackend } from './supervised-index.js';
import { fromPlainError } from './worker-messages.js';
import type { WorkerCommand, WorkerNotice, WorkerReport, WorkerSettings } from './worker-messages.js';

/** Time the worker is given to finish its transaction when it is stopped. */
const STOP_TIMEOUT_MS = 5_000;

export type WorkerBackendSettings = Omit<WorkerSettings, 'port'> & {
  readonly onNotice: (notice: WorkerNotice) => void;
  /** The worker's program; default: the index. */
  readonly program?: URL;
};

/**
 * Starts the index in a worker thread; resolves once it is served.
 *
 * @throws AppError What opening the index failed with; unavailable/INDEX_UNAVAILABLE when the worker died.
 */
export function startIndexWorker(settings: WorkerBackendSettings): Promise<IndexBackend> {
  const { onNotice, program = new URL('../index-worker.js', import.meta.url), ...data } = settings;
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(program, {
    name: 'index',
    workerData: { ...data, port: port2 } satisfies WorkerSettings,
    transferList: [port2],
  });

  return new Promise((resolve, reject) => {
    let failure: unknown;
    let end!: (value: { cause: unknown }) => void;
    const ended = new Promise<{ cause: unknown }>((settle) => (end = settle));

    worker.on('error', (error) => (failure = error));
    worker.once('exit', (code) => {
      port1.close();
      const cause = failure ?? new Error(`the index worker ended with code ${code}`);
      reject(
        cause instanceof AppError
          ? cause
          : new AppError({
              kind: 'unavailable',
              reason: 'INDEX_UNAVAILABLE',
              message: 'The indexer could not be started.',
              cause,
            }),
      );
      end({ cause });
    });
    worker.on('message', (report: WorkerReport) => {
      switch (report.kind) {
        case 'ready':
          resolve({ index: connectIndex(port1), ended, stop: () => stopWorker(worker, ended) });
          break;
        case 'failed':
          failure = fromPlainError(report.error);
          break;
        case 'notice':
          onNotice(report.notice);
          break;
        case 'stopped':
          break;
      }
    });
  });
}

async function stopWorker(worker: Worker, ended: Promise<unknown>): Promise<void> {
  worker.postMessage({ kind: 'stop' } satisfies WorkerCommand);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, STOP_TIMEOUT_MS)));
  await Promise.race([ended, late]);
  clearTimeout(timer);
  // A transaction cut off here is undone at the next start; what was committed stays.
  await worker.terminate();
}
