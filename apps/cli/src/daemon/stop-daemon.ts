import { setTimeout as delay } from 'node:timers/promises';
import { abortError, AppError } from '@repoformer/domain';
import { checkHealth } from './health.js';
import { isProcessAlive, readDaemonRecord } from './daemon-lock.js';
import type { DaemonRecord } from './daemon-lock.js';

/** The daemon lets completions run for five seconds and has a limit of twenty on stopping. */
const STOP_TIMEOUT_MS = 25_000;
const POLL_MS = 50;
const CHECK_TIMEOUT_MS = 2_000;

export interface StopOptions {
  readonly signal: AbortSignal;
  /** End the process without waiting for completions, and even where it does not answer. */
  readonly force: boolean;
}

/**
 * Stops the daemon of a data directory and waits until it is gone. Undefined when none was running.
 *
 * @throws AppError deadline_exceeded, cancelled; failed_precondition when it cannot be told to stop.
 */
export async function stopDaemon(dataDir: string, options: StopOptions): Promise<DaemonRecord | undefined> {
  const record = readDaemonRecord(dataDir);
  if (record === undefined || !isProcessAlive(record.pid)) return undefined;
  if (!options.force && !(await answers(record, options.signal))) {
    if (options.signal.aborted) throw abortError(options.signal);
    // The file may be left from a crash and its process id belong to some other program by now.
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'DAEMON_UNREACHABLE',
      message: `process ${record.pid} holds ${dataDir} but does not answer at ${record.socket}`,
      meta: { hint: `if process ${record.pid} is repoformerd, end it with "repoformer down --force"` },
    });
  }
  sendSignal(record.pid, options.force ? 'SIGKILL' : 'SIGTERM');
  const deadlineMs = performance.now() + STOP_TIMEOUT_MS;
  while (isProcessAlive(record.pid)) {
    if (options.signal.aborted) throw abortError(options.signal);
    if (performance.now() > deadlineMs) {
      throw new AppError({
        kind: 'deadline_exceeded',
        reason: 'DEADLINE_EXCEEDED',
        message: `process ${record.pid} has not stopped after ${STOP_TIMEOUT_MS / 1000} s`,
        meta: { hint: 'end it with "repoformer down --force"' },
      });
    }
    await delay(POLL_MS, undefined, { signal: options.signal }).catch(() => {});
  }
  return record;
}

async function answers(record: DaemonRecord, signal: AbortSignal): Promise<boolean> {
  try {
    await checkHealth(`unix:${record.socket}`, '', { timeoutMs: CHECK_TIMEOUT_MS, signal });
    return true;
  } catch {
    return false;
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // It ended between our look and our word.
    if (code === 'ESRCH') return;
    throw new AppError({
      kind: 'permission_denied',
      reason: 'DAEMON_UNREACHABLE',
      message: `process ${pid} cannot be stopped (${code ?? 'unknown error'}): it belongs to another user`,
      cause: error,
    });
  }
}
